import { z } from 'zod';
import type { Ground } from './start-ground.ts';

/** What the servers have counted since they began. */
export type Work = {
  commits: number;
  walBytes: number;
  /** Of the log: what a commit waits for. */
  fsyncs: number;
  natsIn: number;
  natsOut: number;
  /** Messages that JetStream keeps, all streams. */
  natsStored: number;
  /** Statements by service, with `BEGIN` and `COMMIT`, and what they took in Postgres. */
  statements: Record<string, Statements>;
};

type Statements = { count: number; execMs: number; blocks: number };

const numbers = z.tuple([z.record(z.string(), z.coerce.number())]);
const byRole = z.array(
  z.object({ role: z.string(), count: z.coerce.number(), exec_ms: z.number(), blocks: z.coerce.number() }),
);
const varz = z.object({ in_msgs: z.number(), out_msgs: z.number() });
const jsz = z.object({ messages: z.number() });

/**
 * Reads pg_stat_statements, pg_stat_database, pg_stat_wal, pg_stat_io and nats-server's monitor. A backend tells the last
 * three views what it did at most once a second and within 10 s once it idles: let 10 s of rest pass before and after what
 * is to be exact; without it the last second of the one is counted in the other. Our own statements are taken off.
 */
export async function countWork(ground: Ground): Promise<Work> {
  const [database] = numbers.parse(
    await ground.query(`
      select xact_commit + xact_rollback as commits,
             (select wal_bytes from pg_stat_wal) as wal,
             (select coalesce(sum(fsyncs), 0) from pg_stat_io where object = 'wal') as fsyncs
        from pg_stat_database where datname = 'leadline'`),
  );
  const roles = byRole.parse(
    await ground.query(`
      select replace(replace(r.rolname, 'leadline_', ''), '_', '-') as role, sum(s.calls) as count,
             sum(s.total_exec_time) as exec_ms, sum(s.shared_blks_hit + s.shared_blks_read) as blocks
        from pg_stat_statements s join pg_roles r on r.oid = s.userid
       where r.rolname like 'leadline\\_%' group by 1`),
  );
  const asked = ground.asked();
  const [server, streams] = await Promise.all([ask(ground, 'varz', varz), ask(ground, 'jsz', jsz)]);
  return {
    commits: (database['commits'] ?? Number.NaN) - asked,
    walBytes: database['wal'] ?? Number.NaN,
    fsyncs: database['fsyncs'] ?? Number.NaN,
    natsIn: server.in_msgs,
    natsOut: server.out_msgs,
    natsStored: streams.messages,
    statements: Object.fromEntries(
      roles.map(({ role, count, exec_ms: execMs, blocks }) => [role, { count, execMs, blocks }]),
    ),
  };
}

/** What was done between two counts. */
export function minusWork(later: Work, earlier: Work): Work {
  const statements = Object.entries(later.statements).map(([role, now]): [string, Statements] => {
    const before = earlier.statements[role] ?? { count: 0, execMs: 0, blocks: 0 };
    return [
      role,
      { count: now.count - before.count, execMs: now.execMs - before.execMs, blocks: now.blocks - before.blocks },
    ];
  });
  return {
    commits: later.commits - earlier.commits,
    walBytes: later.walBytes - earlier.walBytes,
    fsyncs: later.fsyncs - earlier.fsyncs,
    natsIn: later.natsIn - earlier.natsIn,
    natsOut: later.natsOut - earlier.natsOut,
    natsStored: later.natsStored - earlier.natsStored,
    statements: Object.fromEntries(statements),
  };
}

async function ask<T>(ground: Ground, page: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await (await fetch(`${ground.monitorUrl}/${page}`)).json());
}
