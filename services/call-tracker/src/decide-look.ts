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
/** Between two looks at a phone that may ring: who waits for the dial's result may have died, and then only a look shows an answer. */
const ringingLookMs = 5_000;
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
  const first =
    agentEndedAt !== null
      ? after(latest(agentEndedAt, dialled) ?? agentEndedAt, agentEndsLegMs)
      : facts.everAnswered
        ? after(call.answeredAt ?? dialled, liveLookMs)
        : ringEndAt(dialled, policy);
  const next = watch.lookedAt === null || watch.lookedAt < first ? first : after(watch.lookedAt, liveLookMs);
  return earliest(next, facts.everAnswered ? talkEndLook(call, facts, policy) : ringingLook(facts, dialled, policy));
}

/** We look when the talk reaches its limit, so that it does not run on for the minute between two looks. */
function talkEndLook(call: Call, { watch }: Facts, policy: Policy): Date | null {
  const talkEnd = talkEndAt(call, policy);
  return talkEnd !== null && (watch.lookedAt === null || watch.lookedAt < talkEnd) ? talkEnd : null;
}

/** While the phone may ring and nobody has told how the dial ended, we look every few seconds. */
function ringingLook({ dialResult, watch }: Facts, dialled: Date, policy: Policy): Date | null {
  if (dialResult !== null) return null;
  const at = after(latest(dialled, watch.lookedAt) ?? dialled, ringingLookMs);
  return at < ringEndAt(dialled, policy) ? at : null;
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
