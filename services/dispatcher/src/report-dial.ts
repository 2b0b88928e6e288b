import { callAnswered } from '@leadline/contracts/events/call-answered';
import { callDialFailed } from '@leadline/contracts/events/call-dial-failed';
import { databaseNow, lockCall } from '@leadline/database/locks';
import { affected, type Sql } from '@leadline/database/sql';
import { toNetworkPhrase } from '@leadline/contracts/network-phrase';
import { toRangFacts } from '@leadline/contracts/rang';
import { enqueue } from '@leadline/messaging/outbox';
import type { DialResult } from '@leadline/telephony/to-dial-result';
import type { Claim } from './claim-due-leads.ts';
import { isCalm } from './decide-breaker.ts';
import { isNoSuchNumber } from './decide-retry.ts';
import type { Deps } from './deps.ts';
import { moveBreaker, readBreaker, type ShownSign } from './move-breaker.ts';

/** This process dropped the dial, after its permit and before its request to LiveKit. */
export type DroppedDial = { kind: 'not_dialled'; because: 'permit_too_late' | 'stopping' };

/**
 * Publishes LiveKit's answer to the dial's request and concludes nothing from it: an unclear outcome is settled by what
 * LiveKit shows later. Repeat it until it commits: `toldAt`, this process's monotonic clock in ms, stays the time of the
 * answer, however long the database was down.
 */
export async function reportDial(
  claim: Claim,
  result: DialResult | DroppedDial,
  deps: Deps,
  toldAt = performance.now(),
): Promise<void> {
  const sign = toBreakerSign(claim.callId, result);
  if (!(await tellInGroup(claim, result, deps, toldAt))) {
    await deps.postgres.transaction(async (sql) => {
      await lockCall(sql, claim.callId);
      const now = deps.now(await databaseNow(sql));
      await tell(sql, claim, result, { now, toldAt });
      if (sign !== undefined) await moveBreaker(sql, sign, now, deps.policy.breaker);
    });
  }
  deps.metrics.dials.inc({ result: result.kind === 'failed' ? result.reason : result.kind });
}

/** The phone was answered: a good sign. If the breaker is closed, only the event must be written. */
async function tellInGroup(
  claim: Claim,
  result: DialResult | DroppedDial,
  { commits, now: toNow }: Deps,
  toldAt: number,
): Promise<boolean> {
  if (result.kind !== 'answered') return false;
  return commits.add(claim.callId, async (sql) => {
    const breaker = await readBreaker(sql);
    if (!isCalm(breaker)) return false;
    await tell(sql, claim, result, { now: toNow(breaker.now), toldAt });
    return true;
  });
}

async function tell(
  sql: Sql,
  claim: Claim,
  result: DialResult | DroppedDial,
  { now, toldAt }: { now: Date; toldAt: number },
): Promise<void> {
  const facts = { leadId: claim.leadId, source: claim.source, room: claim.room, callId: claim.callId };
  const about = { subject: `call/${claim.callId}`, time: now };
  switch (result.kind) {
    case 'answered': {
      const answeredAt = new Date(now.getTime() - (performance.now() - toldAt)).toISOString();
      await enqueue(sql, 'dispatcher', callAnswered, {
        ...about,
        data: { ...facts, answeredAt, sipCallId: result.sipCallId },
      });
      break;
    }
    case 'failed':
      await enqueue(sql, 'dispatcher', callDialFailed, {
        ...about,
        data: {
          ...facts,
          reason: result.reason,
          sipStatus: result.sipStatus,
          ...toRangFacts(result.rang),
          numberFree: result.numberFree,
        },
      });
      break;
    case 'not_dialled':
      await affected(sql, `update dials set put_back_reason = $2 where call_id = $1 and put_back_reason is null`, [
        claim.callId,
        result.because,
      ]);
      await enqueue(sql, 'dispatcher', callDialFailed, {
        ...about,
        data: {
          ...facts,
          reason: 'dispatch_failed',
          sipStatus: null,
          notDialled: result.because,
          rang: 'no',
          numberFree: true,
        },
      });
      break;
    case 'unknown':
      break;
  }
  await keepNetworkPhrase(sql, claim.callId, result);
}

/** Keeps the trunk's phrase without numbers, so that operators learn what it says for "switched off" or "no channel free". */
async function keepNetworkPhrase(sql: Sql, callId: number, result: DialResult | DroppedDial): Promise<void> {
  const phrase = 'phrase' in result && result.phrase !== undefined ? toNetworkPhrase(result.phrase) : undefined;
  if (phrase === undefined) return;
  await affected(sql, `update dials set network_phrase = $2 where call_id = $1`, [callId, phrase]);
}

function toBreakerSign(callId: number, result: DialResult | DroppedDial): ShownSign | undefined {
  switch (result.kind) {
    case 'answered':
      return { kind: 'reached', callId };
    case 'failed':
      if (isNoSuchNumber(result)) return { kind: 'no_such_number', callId };
      if (result.reason !== 'dispatch_failed') return { kind: 'reached', callId };
      return result.sipStatus === null ? undefined : { kind: 'works' };
    case 'not_dialled':
      return result.because === 'permit_too_late' || result.because === 'stopping'
        ? undefined
        : { kind: 'not_dialled' };
    case 'unknown':
      return undefined;
  }
}
