import { databaseNow, lockCall } from '@leadline/database/locks';
import { readHearing, type Hearing } from '@leadline/database/report-hearing';
import { affected, instant, row, rows } from '@leadline/database/sql';
import { blameFor } from '@leadline/messaging/blame';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { trackRoom } from './track-call.ts';

const batch = 200;
/** call.dialing and call.dial_failed usually report a dial. Without them we learn it from its row, this much later. */
const unheardSeconds = 5;
const oldCallHours = 24;
/** After so many failures in a row we take a call's step without the agent's facts. */
const maxFailedSteps = 3;

const backlogMs = 3_000;

/**
 * Settles due calls, each time it is run. It begins a few seconds after the service, because events that wait in the streams
 * may explain calls that look overdue. Returns `rest` while no call of ours has a due time.
 */
export function callSettler(deps: Deps): (stopping: AbortSignal) => Promise<'rest' | undefined> {
  const startedAt = performance.now();
  return async (stopping) => {
    if (performance.now() - startedAt < backlogMs) return undefined;
    return (await settleDueCalls(deps, stopping)) ? undefined : 'rest';
  };
}

const nextCall = z.object({ now: instant, callId: z.number(), callRoom: z.string(), dueAt: instant });
type NextCall = z.output<typeof nextCall>;

/**
 * Settles, or looks at, every due call. It works from rows, so no event is needed.
 * @returns whether any call has a due time, past or future
 */
export async function settleDueCalls(deps: Deps, stopping: AbortSignal): Promise<boolean> {
  const sql = deps.postgres.sql;
  const next = await rows(
    sql,
    nextCall,
    `(select clock_timestamp() as now, c.id as call_id, c.call_room, f.settle_at as due_at
        from (select call_id, settle_at from call_facts where settle_at is not null order by settle_at limit ${batch}) f
        join calls c on c.id = f.call_id)
     union all
     (select clock_timestamp(), c.id, c.call_room,
             coalesce(d.sent_at, d.revoked_at) + make_interval(secs => ${unheardSeconds})
        from calls c join dials d on d.call_id = c.id left join call_facts f on f.call_id = c.id
       where c.status = 'calling' and c.attempt is not null and f.settle_at is null
         and coalesce(d.sent_at, d.revoked_at) is not null
       order by coalesce(d.sent_at, d.revoked_at) limit ${batch})`,
    [],
  );
  const due = next.filter(({ dueAt, now }) => dueAt <= deps.now(now));
  if (due.length > 0 && !stopping.aborted) {
    const hearing = await readHearing(sql);
    await Promise.all(due.map((call) => stepDueCall(call, hearing, deps)));
  }
  return next.length > 0;
}

/** A call that cannot be settled must not block others, and the agent's reports must not keep it from ending. */
async function stepDueCall({ callId, callRoom }: NextCall, hearing: Hearing, deps: Deps): Promise<void> {
  const { failedSteps } = deps;
  const withoutAgent = (failedSteps.get(callId) ?? 0) >= maxFailedSteps;
  try {
    await trackRoom(callRoom, { kind: 'due', hearing }, deps, { withoutAgent });
    failedSteps.delete(callId);
    if (!withoutAgent) return;
    deps.metrics.stepsWithoutAgent.inc();
    deps.log.error({ callId }, 'the step of a due call failed again and again; it was taken without the agent’s facts');
  } catch (error) {
    if (blameFor(error) === 'message') failedSteps.set(callId, (failedSteps.get(callId) ?? 0) + 1);
    deps.log.error({ err: error, callId }, 'a due call could not be settled; we try again');
  }
}

/**
 * failStaleCallRecords: fails a call of the old program that is still open after a day, and changes nothing else of it. Its
 * end is unknown, so it gets no duration.
 */
export async function failStaleCallRecords(deps: Deps, stopping: AbortSignal): Promise<void> {
  const sql = deps.postgres.sql;
  const now = deps.now(await databaseNow(sql));
  const stale = await rows(
    sql,
    z.object({ id: z.number() }),
    `select id from calls
      where status = 'calling' and attempt is null
        and call_started_at < $1::timestamptz - make_interval(hours => ${oldCallHours})
      limit ${batch}`,
    [now],
  );
  for (const { id } of stale) {
    if (stopping.aborted) return;
    const failed = await deps.postgres.transaction(async (transaction) => {
      await lockCall(transaction, id);
      return affected(
        transaction,
        `update calls
            set status = 'failed', failure_reason = 'stale_timeout', call_ended_at = coalesce(call_ended_at, call_started_at),
                duration_seconds = coalesce(duration_seconds,
                  round(extract(epoch from coalesce(call_ended_at, call_started_at) - call_started_at))::int),
                updated_at = $2
          where id = $1 and status = 'calling' and attempt is null`,
        [id, now],
      );
    });
    if (failed === 1) deps.log.warn({ callId: id }, "an old program's call was still open after a day; it is failed");
  }
}

/** Brings the gauges up to date. */
export async function measure(deps: Deps): Promise<void> {
  const sql = deps.postgres.sql;
  const now = deps.now(await databaseNow(sql));
  const found = await row(
    sql,
    z.object({ open: z.number(), overdue: z.number(), held: z.number() }),
    `select (select count(*)::int from calls where status = 'calling') as open,
            coalesce((select extract(epoch from $1::timestamptz - min(settle_at)) from call_facts
                       where settle_at < $1), 0)::float8 as overdue,
            (select count(*)::int from call_facts where report_held_at is not null) as held`,
    [now],
  );
  deps.metrics.open.set(found?.open ?? 0);
  deps.metrics.overdue.set(found?.overdue ?? 0);
  deps.metrics.numbersHeld.set(found?.held ?? 0);
}
