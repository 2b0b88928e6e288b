import { goneApartMs, goneTwiceAt } from './decide-release.ts';
import {
  after,
  dialledAt,
  earliest,
  latest,
  longestAt,
  ringEndAt,
  talkEndAt,
  type Call,
  type Facts,
  type Known,
  type Policy,
  type Seen,
} from './call-facts.ts';

/** The agent usually ends its leg itself, a moment after its last word. */
const agentEndsLegMs = 5_000;
/** An agent may be between two connections for a moment. */
const aloneMs = 5_000;
const liveLookMs = 60_000;
const failedLookMs = 10_000;
const firstLookAfterStopMs = 1_000;
const longestLookAfterStopMs = 15_000;

/** When LiveKit should be asked next what it shows of the leg; null when nothing is left to see. */
export function nextLookAt({ call, facts, dial }: Known, policy: Policy): Date | null {
  const dialled = dialledAt(facts, dial);
  if (dialled === null) return null;
  const at = facts.stoppedAt === null ? lookAtLeg(call, facts, dialled, policy) : lookAfterStop(call, facts);
  return at !== null && at < longestAt(dialled, policy) ? at : null;
}

/** A stop is looked at again until the leg is gone, twice, a minute apart: one answer of LiveKit proves nothing. */
function lookAfterStop(call: Call, facts: Facts): Date | null {
  const { stoppedAt, dialResult, watch } = facts;
  if (stoppedAt === null) return null;
  if (watch.lookedAt === null || watch.lookedAt <= stoppedAt) return after(stoppedAt, firstLookAfterStopMs);
  const settled = call.status !== 'calling';
  if (goneTwiceAt(facts) !== null)
    return settled || facts.legLeftAt !== null ? null : after(watch.lookedAt, goneApartMs);
  if (settled && dialResult?.kind === 'failed' && dialResult.numberFree) return null;
  if (watch.seen === 'gone') return after(watch.lookedAt, longestLookAfterStopMs);
  if (watch.seen === 'unknown') return after(watch.lookedAt, failedLookMs);
  const sinceStopMs = watch.lookedAt.getTime() - stoppedAt.getTime();
  return after(watch.lookedAt, Math.min(Math.max(sinceStopMs, firstLookAfterStopMs), longestLookAfterStopMs));
}

function lookAtLeg(call: Call, facts: Facts, dialled: Date, policy: Policy): Date | null {
  const { watch, agentEndedAt } = facts;
  if (facts.legLeftAt !== null) return null;
  // A settled call is looked at only where its leg came back after it had left.
  if (call.status !== 'calling' && watch.rejoinedAt === null) return null;
  if (watch.lookedAt !== null && watch.seen === 'unknown') return after(watch.lookedAt, failedLookMs);
  if (watch.lookedAt !== null && watch.seen === 'alone') return after(watch.lookedAt, aloneMs);
  const first =
    agentEndedAt !== null
      ? after(latest(agentEndedAt, dialled) ?? agentEndedAt, agentEndsLegMs)
      : facts.everAnswered
        ? after(call.answeredAt ?? dialled, liveLookMs)
        : ringEndAt(dialled, policy);
  const next = watch.lookedAt === null || watch.lookedAt < first ? first : after(watch.lookedAt, liveLookMs);
  // The talk's limit is looked at when it comes, so that no talk is longer by the minute between two looks.
  const talkEnd = facts.everAnswered ? talkEndAt(call, policy) : null;
  return talkEnd !== null && (watch.lookedAt === null || watch.lookedAt < talkEnd) ? earliest(next, talkEnd) : next;
}

/** Whether a leg that LiveKit shows must be ended: nobody talks to it, or it rings or talks beyond its limit. */
export function mustStop({ call, facts, dial }: Known, seen: Seen, now: Date, policy: Policy): boolean {
  if (seen === 'gone' || seen === 'unknown') return false;
  if (facts.stoppedAt !== null) return true;
  const dialled = dialledAt(facts, dial);
  if (facts.legLeftAt !== null || dialled === null) return false;
  const talkEnd = seen === 'ringing' ? null : talkEndAt(call, policy);
  if (talkEnd !== null && now >= talkEnd) return true;
  if (facts.agentEndedAt !== null) return now >= after(facts.agentEndedAt, agentEndsLegMs);
  switch (seen) {
    case 'talking':
      return false;
    case 'alone':
      return facts.watch.aloneSince !== null && now >= after(facts.watch.aloneSince, aloneMs);
    case 'ringing':
      return now >= ringEndAt(dialled, policy);
  }
}
