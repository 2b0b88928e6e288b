import { callDialFailed } from '@leadline/contracts/events/call-dial-failed';
import { databaseNow, lockCall } from '@leadline/database/locks';
import { affected, row, rows } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { aheadMs, claimLifeMs, nowAt, type Deps } from './deps.ts';

/** With `putBack` no attempt is spent. Without it the attempt fails as `startup_failed`: no agent came. */
export type Revocation = { putBack: string } | { putBack: null };

/**
 * Revokes an unsent dial, so that it can get no permit any more, and publishes that the tracker must end its call. Returns
 * false if the dial was sent or revoked before.
 */
export async function revokeDial(callId: number, revocation: Revocation, deps: Deps): Promise<boolean> {
  return deps.postgres.transaction(async (sql) => {
    await lockCall(sql, callId);
    const now = deps.now(await databaseNow(sql));
    const revoked = await affected(
      sql,
      `update dials set revoked_at = $2, put_back_reason = $3
        where call_id = $1 and sent_at is null and revoked_at is null`,
      [callId, now, revocation.putBack],
    );
    if (revoked === 0) return false;
    const call = await row(
      sql,
      z.object({ leadId: z.number().nullable(), source: z.string().nullable(), callRoom: z.string() }),
      `select lead_id, source, call_room from calls where id = $1`,
      [callId],
    );
    if (call === undefined) return true;
    await enqueue(sql, 'dispatcher', callDialFailed, {
      subject: `call/${callId}`,
      time: now,
      data: {
        leadId: call.leadId,
        source: call.source,
        room: call.callRoom,
        callId,
        reason: revocation.putBack === null ? 'startup_failed' : 'dispatch_failed',
        sipStatus: null,
        notDialled: revocation.putBack ?? 'agent_absent',
        rang: 'no',
        numberFree: true,
      },
    });
    deps.metrics.dials.inc({ result: revocation.putBack ?? 'startup_failed' });
    return true;
  });
}

/** Puts back unsent dials that are too old for a permit, because their owner died or lost them. Any replica may do it. */
export async function revokeUnsentDials(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const dead = await rows(
    deps.postgres.sql,
    z.object({ callId: z.number() }),
    `select call_id from dials
      where sent_at is null and revoked_at is null
        and claimed_at < ${nowAt('$1')} - make_interval(secs => $2)`,
    [aheadMs(deps.now), claimLifeMs(deps.policy) / 1_000 + 1],
  );
  for (const dial of dead) {
    if (stopping?.aborted) return;
    await revokeDial(dial.callId, { putBack: 'dispatcher_lost' }, deps);
  }
}
