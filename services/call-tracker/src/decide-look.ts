import { goneApartMs, goneTwiceAt } from './decide-release.ts';
import { aloneMs, awaitedTakeover, decideAlone, hasLastWord, saidItFailed, type Loss } from './decide-takeover.ts';
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

/** The agent usually ends its leg itself, a moment after its last report. */
const agentEndsLegMs = 5_000;
const replacedLookMs = 2_000;
/** Between two looks at a leg whose dial may never tell its result. */
const unclearLookMs = 5_000;
/** While a further agent is awaited. */
const awaitedLookMs = 2_000;
const liveLookMs = 60_000;
const failedLookMs = 10_000;
const firstLookAfterStopMs = 1_000;
const longestLookAfterStopMs = 15_000;

/** When we must next ask LiveKit about the leg; null if there is nothing left to learn. */
export function nextLookAt({ call, facts, dial }: Known, policy: Policy): Date | null {
  const dialled = dialledAt(facts, dial);
  if (dialled === null) return null;
  const at = facts.stoppedAt === null ? lookAtLeg(call, facts, dialled, policy) : lookAfterStop(call, facts);
  return at !== null && at < longestAt(dialled, policy) ? at : null;
}

/** After a stop we look until the leg is gone in two looks, a minute apart: one answer of LiveKit proves nothing. */
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
  const { watch } = facts;
  const agentEndedAt = hasLastWord(facts) ? facts.agentEndedAt : null;
  if (facts.legLeftAt !== null) return null;
  // We look at a settled call only if its leg came back after it had left.
  if (call.status !== 'calling' && watch.rejoinedAt === null) return null;
  if (watch.lookedAt !== null && watch.seen === 'unknown') return after(watch.lookedAt, failedLookMs);
  if (watch.lookedAt !== null && watch.seen === 'alone') {
    return after(watch.lookedAt, awaitedTakeover(facts) === null ? aloneMs : awaitedLookMs);
  }
  const { replacedAt = null } = watch;
  if (replacedAt !== null && (watch.lookedAt === null || watch.lookedAt < replacedAt))
    return after(replacedAt, replacedLookMs);
  // The connection over which the dial waited broke with the leg’s: its answer is seen, or nobody knows of it.
  if (replacedAt !== null && facts.dialResult === null && !facts.everAnswered && watch.lookedAt !== null)
    return after(watch.lookedAt, unclearLookMs);
  const first =
    agentEndedAt !== null
      ? after(latest(agentEndedAt, dialled) ?? agentEndedAt, agentEndsLegMs)
      : facts.everAnswered
        ? after(call.answeredAt ?? dialled, liveLookMs)
        : ringEndAt(dialled, policy);
  const next = watch.lookedAt === null || watch.lookedAt < first ? first : after(watch.lookedAt, liveLookMs);
  // We look when the talk reaches its limit, so that it does not run on for the minute between two looks.
  const talkEnd = facts.everAnswered ? talkEndAt(call, policy) : null;
  return talkEnd !== null && (watch.lookedAt === null || watch.lookedAt < talkEnd) ? earliest(next, talkEnd) : next;
}

/** Whether we must end a leg that LiveKit shows: no agent is with it, or it rings or talks longer than allowed. */
export function mustStop(known: Known, seen: Seen, loss: Loss, now: Date, policy: Policy): boolean {
  const { call, facts, dial } = known;
  if (seen === 'gone' || seen === 'unknown') return false;
  if (facts.stoppedAt !== null) return true;
  const dialled = dialledAt(facts, dial);
  if (facts.legLeftAt !== null || dialled === null) return false;
  const talkEnd = seen === 'ringing' ? null : talkEndAt(call, policy);
  if (talkEnd !== null && now >= talkEnd) return true;
  if (facts.agentEndedAt !== null && hasLastWord(facts) && !(seen === 'alone' && saidItFailed(facts))) {
    return now >= after(facts.agentEndedAt, agentEndsLegMs);
  }
  switch (seen) {
    case 'talking':
      return false;
    case 'alone':
      return decideAlone(known, loss, now, policy) === 'stop';
    case 'ringing':
      return now >= ringEndAt(dialled, policy);
  }
}
