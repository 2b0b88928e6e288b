import type { WhoAndWhy } from '@leadline/contracts/commands/by';
import type { DiallingState } from '@leadline/contracts/commands/dialling';
import { databaseNow, lockDialControl } from '@leadline/database/locks';
import { affected, instant, row } from '@leadline/database/sql';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';

const answerWithinMs = 900;

/**
 * Stops all permits. Returns `stopped` once no phone will start to ring any more, or after about a second `stopping` with
 * the number of dials on their way: then ask for the state again. Calls in progress go on.
 */
export async function stopDialling(by: WhoAndWhy, deps: Deps): Promise<DiallingState> {
  await deps.postgres.transaction(async (sql) => {
    await lockDialControl(sql);
    await affected(
      sql,
      `update dial_control set stopped_at = clock_timestamp(), stopped_by = $1, stop_reason = $2
        where id = 1 and stopped_at is null`,
      [by.who, by.reason],
    );
    await audit(sql, { action: 'stop_dialling', ...by });
  });
  deps.log.warn('dialling was stopped by an operator');
  const deadline = performance.now() + answerWithinMs;
  for (;;) {
    const state = await diallingState(deps);
    if (state.state !== 'stopping' || performance.now() > deadline) return state;
    await wait(50);
  }
}

export async function startDialling(by: WhoAndWhy, deps: Deps): Promise<DiallingState> {
  await deps.postgres.transaction(async (sql) => {
    await lockDialControl(sql);
    await affected(
      sql,
      `update dial_control set stopped_at = null, stopped_by = null, stop_reason = null where id = 1`,
      [],
    );
    await audit(sql, { action: 'start_dialling', ...by });
  });
  deps.log.warn('dialling was started by an operator');
  return diallingState(deps);
}

/** A sent dial is on its way until LiveKit shows its leg, its result is known, or its token and LiveKit's leeway are over. */
export async function diallingState(deps: Deps): Promise<DiallingState> {
  const sql = deps.postgres.sql;
  const found = await row(
    sql,
    z.object({
      stoppedAt: instant.nullable(),
      stoppedBy: z.string().nullable(),
      stopReason: z.string().nullable(),
      onTheirWay: z.number(),
      pausedUntil: instant.nullable(),
      pausedBecause: z.string().nullable(),
    }),
    `select stopped_at, stopped_by, stop_reason,
            case when breaker_open_until > $1 then breaker_open_until end as paused_until,
            case when breaker_open_until > $1 then
              (select coalesce(d.put_back_reason, c.failure_reason) from dials d join calls c on c.id = d.call_id
                where d.put_back_reason is not null or c.failure_reason = 'startup_failed'
                order by d.call_id desc limit 1) end as paused_because,
            (select count(*)::int from dials d
               join calls c on c.id = d.call_id
               left join call_facts f on f.call_id = d.call_id
              where d.sent_at > $1::timestamptz - make_interval(secs => $2)
                and c.status = 'calling' and f.leg_joined_at is null and f.dial_result is null) as on_their_way
       from dial_control where id = 1`,
    [deps.now(await databaseNow(sql)), deps.policy.latestInviteMs / 1_000],
  );
  const stopped = found?.stoppedAt ?? null;
  const onTheirWay = found?.onTheirWay ?? 0;
  return {
    state: stopped === null ? 'running' : onTheirWay === 0 ? 'stopped' : 'stopping',
    onTheirWay,
    stoppedAt: stopped?.toISOString() ?? null,
    stoppedBy: found?.stoppedBy ?? null,
    reason: found?.stopReason ?? null,
    pausedUntil: found?.pausedUntil?.toISOString() ?? null,
    pausedBecause: found?.pausedBecause ?? null,
  };
}
