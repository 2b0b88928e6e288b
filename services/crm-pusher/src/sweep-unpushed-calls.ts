import { affected, row, rows } from '@leadline/database/sql';
import { blameFor } from '@leadline/messaging/blame';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { isNoTest, leaveToSweep } from './keep-push.ts';
import { pushCall } from './push-call.ts';

/**
 * The `called` calls that are ours to push: our own but test calls, and the old program's if allowed ($1: their greatest age in days,
 * else null), with answers, and young enough or begun.
 */
const mine = `${isNoTest} and (c.attempt is not null
  or ($1::int is not null and jsonb_strip_nulls(c.qualification) not in ('{}', 'null')
      and (p.sent_at is not null
           or coalesce(c.call_ended_at, c.call_started_at) > clock_timestamp() - make_interval(days => $1::int))))`;

const atOnce = 4;

/**
 * Pushes `called` calls whose next try is due, and those whose event never came, some time after they ended. Answers `rest`
 * where there are none.
 */
export async function sweepUnpushedCalls(deps: Deps, stopping: AbortSignal): Promise<'rest' | undefined> {
  const waiting = await rows(
    deps.postgres.sql,
    z.object({ id: z.number() }),
    `select c.id from calls c left join crm_pushes p on p.call_id = c.id
      where c.status = 'called' and ${mine} and p.failed_at is null
        and case when p.next_try_at is null then c.updated_at < clock_timestamp() - make_interval(secs => $2)
                 else p.next_try_at <= clock_timestamp() end
      order by c.updated_at limit 50`,
    [deps.policy.oldCallsMaxAgeDays, deps.policy.sweepAfterMs / 1_000],
  );
  for (let at = 0; at < waiting.length && !stopping.aborted; at += atOnce) {
    const pushes = await Promise.allSettled(waiting.slice(at, at + atOnce).map(({ id }) => pushInTurn(id, deps)));
    for (const push of pushes) if (push.status === 'rejected') throw push.reason;
  }
  return waiting.length === 0 ? 'rest' : undefined;
}

/** @throws during an outage: the next sweep finds the same rows */
async function pushInTurn(callId: number, deps: Deps): Promise<void> {
  try {
    const pushed = await pushCall(callId, () => undefined, deps);
    if (pushed.kind === 'later') await leaveToSweep(callId, { ...pushed, anew: false }, deps);
  } catch (error) {
    // A full disk, say, may accept this note although it refused the push's writes.
    if (blameFor(error) === 'elsewhere') throw error;
    deps.log.error({ err: error, callId }, 'a call could not be pushed; it is tried again after the others');
    await putOff(callId, deps);
  }
}

/** Puts off a call, such as one that can't be read, so that it does not block the others. */
async function putOff(callId: number, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `insert into crm_pushes (call_id, last_error, next_try_at)
     values ($1, 'not_tried', clock_timestamp() + interval '5 minutes')
     on conflict (call_id) do update set last_error = excluded.last_error, next_try_at = excluded.next_try_at`,
    [callId],
  );
}

/** Brings the gauges up to date. */
export async function measure(deps: Deps): Promise<void> {
  const counts = await row(
    deps.postgres.sql,
    z.object({ waiting: z.number(), oldest: z.number(), failed: z.number() }),
    `select (select count(*)::int from calls c left join crm_pushes p on p.call_id = c.id
              where c.status = 'called' and ${mine}) as waiting,
            coalesce((select extract(epoch from clock_timestamp() - min(c.updated_at))
                        from calls c left join crm_pushes p on p.call_id = c.id
                       where c.status = 'called' and ${mine} and p.failed_at is null), 0)::float8 as oldest,
            ((select count(*) from crm_pushes where failed_at is not null)
           + (select count(*) from crm_enquiries where failed_at is not null))::int as failed`,
    [deps.policy.oldCallsMaxAgeDays],
  );
  deps.metrics.waiting.set(counts?.waiting ?? 0);
  deps.metrics.oldestWaiting.set(counts?.oldest ?? 0);
  deps.metrics.failed.set(counts?.failed ?? 0);
}
