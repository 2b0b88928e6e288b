import { toIndianDay } from '@leadline/contracts/indian-time';
import {
  callWindow,
  diallingState,
  startDialling,
  stopDialling,
  type DiallingState,
} from '@leadline/contracts/commands/dialling';
import { databaseNow } from '@leadline/database/locks';
import { instant, rows, type Sql } from '@leadline/database/sql';
import { ask } from '@leadline/messaging/ask';
import { z } from 'zod';
import { readBuilds } from '../read-model/builds.ts';
import type { Deps } from '../deps.ts';
import { readCallbacks, type Callbacks } from '../leads/callbacks.ts';
import { steps } from '../read-model/keep-leads.ts';
import { addDays } from '../web/calendar.ts';
import { readReached, type Reached } from '../reached/read.ts';
import { readDayOutcomes } from '../minutes/read.ts';
import { quantileOf } from '../read-model/speed-buckets.ts';

export type FunnelStep = { step: (typeof steps)[number]; leads: number };
type Speed = { source: string; leads: number; medianMs: number; p90Ms: number };

export type Today = {
  now: Date;
  day: string;
  /** True while the read model is still being built. */
  growing: boolean;
  funnel: FunnelStep[];
  speeds: Speed[];
  inProgress: {
    callId: number;
    leadId: number | null;
    source: string | null;
    attempt: number | null;
    startedAt: Date;
    answered: boolean;
  }[];
  reached: Reached;
  failures: { outcome: string; calls: number }[];
  retries: { leadId: number; source: string; reason: string | null; dueAt: Date; retryCount: number }[];
  callbacks: Callbacks;
  /** More retries wait than are listed. */
  moreRetries: boolean;
};

const listed = 12;

/**
 * The first page's content for one Indian day. Each part reads daily sums or an index, so none grows with the number of
 * calls.
 */
export async function readToday(deps: Deps, asked?: string): Promise<Today> {
  const sql = deps.postgres.sql;
  const now = deps.now(await databaseNow(sql));
  const day = asked ?? toIndianDay(now);
  const [build] = await readBuilds(sql);
  const generation = build?.generation ?? 0;
  const [funnel, speeds, outcomes, inProgress, retries, callbacks, reached] = await Promise.all([
    readFunnel(deps.postgres.sql, generation, day),
    readSpeeds(deps.postgres.sql, generation, day),
    readDayOutcomes(deps.postgres.sql, generation, day),
    readInProgress(deps.postgres.sql),
    readRetries(deps.postgres.sql, now),
    readCallbacks(deps.postgres.sql, now, day),
    readReached(deps, { from: day, until: addDays(day, 1) }),
  ]);
  const noFailure = new Set(['calling', 'called', 'pushed', 'unknown']);
  return {
    now,
    day,
    growing: build?.state !== 'serving',
    funnel,
    speeds,
    inProgress,
    reached: reached.total,
    failures: outcomes.filter(({ outcome }) => !noFailure.has(outcome)),
    retries: retries.slice(0, listed),
    callbacks,
    moreRetries: retries.length > listed,
  };
}

/** A lead counts in the step that it has reached and in every earlier one. */
async function readFunnel(sql: Sql, generation: number, day: string): Promise<FunnelStep[]> {
  const found = await rows(
    sql,
    z.object({ step: z.number(), leads: z.coerce.number() }),
    `select step, sum(leads) as leads from funnel_daily where generation = $1 and day = $2 group by step`,
    [generation, day],
  );
  return steps.map((step, place) => ({
    step,
    leads: found.filter((row) => row.step >= place).reduce((total, { leads }) => total + leads, 0),
  }));
}

async function readSpeeds(sql: Sql, generation: number, day: string): Promise<Speed[]> {
  const found = await rows(
    sql,
    z.object({ source: z.string(), bucket: z.number(), leads: z.coerce.number() }),
    `select source, bucket, leads from speed_daily where generation = $1 and day = $2 and leads > 0`,
    [generation, day],
  );
  return [...Map.groupBy(found, ({ source }) => source)]
    .map(([source, counts]) => ({
      source,
      leads: counts.reduce((total, { leads }) => total + leads, 0),
      medianMs: quantileOf(counts, 0.5) ?? 0,
      p90Ms: quantileOf(counts, 0.9) ?? 0,
    }))
    .toSorted((a, b) => b.leads - a.leads);
}

const callInProgress = z.object({
  callId: z.number(),
  leadId: z.number().nullable(),
  source: z.string().nullable(),
  attempt: z.number().nullable(),
  startedAt: instant,
  answered: z.boolean(),
});

function readInProgress(sql: Sql): Promise<Today['inProgress']> {
  return rows(
    sql,
    callInProgress,
    `select id as call_id, lead_id, source, attempt, call_started_at as started_at, answered_at is not null as answered
       from calls where status = 'calling' order by call_started_at desc limit 100`,
    [],
  );
}

const retry = z.object({
  leadId: z.number(),
  source: z.string(),
  reason: z.string().nullable(),
  dueAt: instant,
  retryCount: z.number(),
});

/** While a call is open, its claim keeps retry_after a day ahead: such a lead does not wait for a retry. */
function readRetries(sql: Sql, now: Date): Promise<Today['retries']> {
  return rows(
    sql,
    retry,
    `select l.id as lead_id, coalesce(l.source, 'unknown') as source, coalesce(l.retry_count, 0) as retry_count,
            l.retry_after as due_at,
            (select c.failure_reason from calls c where c.lead_id = l.id order by c.id desc limit 1) as reason
       from leads l
      where l.status = 'new' and l.retry_after > $1
        and not exists (select 1 from calls c where c.lead_id = l.id and c.status = 'calling')
      order by l.retry_after limit $2`,
    [now, listed + 1],
  );
}

/** Undefined if the dispatcher does not answer; the page then says so. */
export async function askDialling(
  deps: Deps,
): Promise<{ dialling: DiallingState | undefined; window: { open: boolean; opensAt: Date | undefined } | undefined }> {
  const quietly = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined);
  const [dialling, window] = await Promise.all([
    quietly(ask(deps.nats, diallingState, {}, 1_500)),
    quietly(ask(deps.nats, callWindow, {}, 1_500)),
  ]);
  return {
    dialling,
    window:
      window === undefined
        ? undefined
        : { open: window.open, opensAt: window.opensAt === null ? undefined : new Date(window.opensAt) },
  };
}

/** Stops or starts dialling. @throws CommandRefused, CommandUnanswered */
export function switchDialling(
  deps: Deps,
  to: 'stop' | 'start',
  by: { who: string; reason: string },
): Promise<DiallingState> {
  return ask(deps.nats, to === 'stop' ? stopDialling : startDialling, by);
}
