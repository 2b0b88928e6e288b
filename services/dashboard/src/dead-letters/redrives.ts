import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { CommandRefused } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { listDeadLetters, readDeadLetter, redrive, type DeadLetterFilter } from '@leadline/messaging/redrive';
import { every } from '@leadline/service-kit/every';
import type { Part } from '@leadline/time/part';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';

const filterKept = z.object({
  durable: z.string().optional(),
  subject: z.string().optional(),
  reason: z.string().optional(),
  /** The letters that match, once we have looked for them. */
  letters: z.array(z.number()).optional(),
});
export type RedriveFilter = z.output<typeof filterKept>;

const run = z.object({
  id: z.string(),
  who: z.string(),
  reason: z.string(),
  filter: filterKept,
  cap: z.number(),
  dryRun: z.boolean(),
  total: z.number(),
  redriven: z.number(),
  refused: z.number(),
  lastRefusal: z.string().nullable(),
  startedAt: instant,
  finishedAt: instant.nullable(),
});
/** A redrive of all matching letters, and its progress. */
export type RedriveRun = z.output<typeof run>;

export function readRun(deps: Deps, id: string): Promise<RedriveRun | undefined> {
  return row(deps.postgres.sql, run, `select * from dashboard_redrives where id = $1`, [id]);
}

export type Redrives = Part & {
  /**
   * Begins a redrive and returns at once; its row shows the progress.
   * @throws CommandRefused
   */
  begin(asked: { filter: RedriveFilter; cap: number; dryRun: boolean; who: string; reason: string }): Promise<string>;
};

/**
 * Works through begun redrives, letter by letter, in any replica. The progress is in the row, so another replica
 * continues after a crash, and no letter is sent twice.
 */
export function openRedrives(deps: Deps): Redrives {
  const timer = every({
    name: 'redrive dead letters',
    ms: 2_000,
    // Whoever begins one wakes its own replica; the others take over after those that died.
    restMs: 10_000,
    async work(stopping) {
      const { opsNats } = deps;
      if (opsNats === undefined) return 'rest';
      const unfinished = `select id from dashboard_redrives where finished_at is null order by started_at`;
      const open = await rows(deps.postgres.sql, z.object({ id: z.string() }), unfinished, []);
      for (const { id } of open) {
        await listLetters(deps, opsNats, id);
        while (!stopping.aborted && (await redriveNext(deps, opsNats, id))) continue;
      }
      return open.length === 0 ? 'rest' : undefined;
    },
    log: deps.log,
  });
  return {
    async begin({ filter, cap, dryRun, who, reason }) {
      if (deps.opsNats === undefined)
        throw new CommandRefused('dead letters can not be sent back: set OPS_NATS_USER and OPS_NATS_PASS');
      const id = randomUUID();
      await affected(
        deps.postgres.sql,
        `insert into dashboard_redrives (id, who, reason, filter, cap, dry_run) values ($1, $2, $3, $4, $5, $6)`,
        [id, who, reason, JSON.stringify(filter), cap, dryRun],
      );
      timer.wake();
      return id;
    },
    stop: () => timer.stop(),
  };
}

/** Decides once, at the beginning, which letters match. */
async function listLetters(deps: Deps, opsNats: Nats, id: string): Promise<void> {
  const started = await readRun(deps, id);
  if (started === undefined || started.filter.letters !== undefined) return;
  const letters = await listDeadLetters(opsNats, { ...toLetterFilter(started.filter), redriven: false }, started.cap);
  await affected(
    deps.postgres.sql,
    `update dashboard_redrives set filter = filter || jsonb_build_object('letters', $2::jsonb), total = $3
      where id = $1 and filter -> 'letters' is null`,
    [id, JSON.stringify(letters.map(({ seq }) => seq)), letters.length],
  );
}

const place = z.object({ who: z.string(), dryRun: z.boolean(), startedAt: instant, seq: z.number().nullable() });

/** @returns whether there may be another one */
function redriveNext(deps: Deps, opsNats: Nats, id: string): Promise<boolean> {
  return deps.postgres.transaction(async (sql) => {
    const claimed = await row(
      sql,
      place,
      `select who, dry_run, started_at, (filter -> 'letters' -> (redriven + refused))::int as seq
         from dashboard_redrives where id = $1 and finished_at is null for update skip locked`,
      [id],
    );
    if (claimed === undefined) return false;
    const { who, dryRun, startedAt, seq } = claimed;
    if (seq === null) {
      await finish(sql, id);
      return false;
    }
    const refusal = await redriveOnce(opsNats, { seq, who, dryRun, startedAt });
    await affected(
      sql,
      `update dashboard_redrives set redriven = redriven + $2, refused = refused + $3, last_refusal = coalesce($4, last_refusal)
        where id = $1`,
      [id, ...(refusal === undefined ? [1, 0] : [0, 1]), refusal?.slice(0, 300) ?? null],
    );
    return true;
  });
}

/** @returns why it was refused */
async function redriveOnce(
  opsNats: Nats,
  { startedAt, ...asked }: { seq: number; who: string; dryRun: boolean; startedAt: Date },
): Promise<string | undefined> {
  try {
    // It was sent, but the process died before the row said so.
    const marked = (await readDeadLetter(opsNats, asked.seq))?.redriven;
    if (marked !== undefined && marked.at >= startedAt) return undefined;
    await redrive(opsNats, { ...asked, auditedBy: 'dashboard' });
    return undefined;
  } catch (error) {
    if (error instanceof CommandRefused) return error.message;
    throw error;
  }
}

async function finish(sql: Sql, id: string): Promise<void> {
  const ended = await row(
    sql,
    run,
    `update dashboard_redrives set finished_at = clock_timestamp() where id = $1 returning *`,
    [id],
  );
  if (ended === undefined || ended.dryRun) return;
  const { who, reason, cap, redriven, refused } = ended;
  const { letters: _letters, ...filter } = ended.filter;
  await audit(sql, { action: 'redrive_matching', who, reason, details: { ...filter, cap, redriven, refused } });
}

export function toLetterFilter(filter: RedriveFilter): DeadLetterFilter {
  return {
    ...(filter.durable === undefined ? {} : { durable: filter.durable }),
    ...(filter.subject === undefined ? {} : { subject: filter.subject }),
    ...(filter.reason === undefined ? {} : { reason: filter.reason }),
  };
}
