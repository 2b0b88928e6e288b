import { isMachine } from '@leadline/contracts/answered-by';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import {
  after,
  answererOf,
  dialledAt,
  earliest,
  hasAnswers,
  latest,
  longestAt,
  type Call,
  type Facts,
  type Known,
  type Policy,
} from './call-facts.ts';

/** A dial's own result comes within milliseconds of the leg's end; it is worth waiting for. */
const dialResultGraceMs = 5_000;
/** An agent that has answers may still send fuller ones. */
const fullerReportMs = 10_000;
/** Between the agent's last word and its last answers, which may overtake each other. */
const lastWordMs = 5_000;

/** `waited`: so that something better may still come. Such an end is drawn by its due time only. */
export type Settling = { at: Date; waited: boolean };

/**
 * When a `calling` call is settled as far as is known now; null: never, until more is known. A leg's end alone does not
 * settle a call, what LiveKit does not show has not ended, and an unsent call is ended only by its dial being revoked.
 */
export function settlesAt({ call, facts, dial }: Known, policy: Policy): Settling | null {
  const { dialResult, legLeftAt, agentEndedAt } = facts;
  if (dialResult?.kind === 'failed' && !facts.everAnswered) return { at: dialResult.at, waited: false };
  const dialled = dialledAt(facts, dial);
  if (dialled === null) return null;
  const stale = longestAt(dialled, policy);
  const wait = (...until: (Date | null)[]): Settling => ({ at: earliest(stale, ...until) ?? stale, waited: true });
  if (legLeftAt === null) return wait();
  if (hasAnswers(call)) {
    return agentEndedAt === null ? wait(after(legLeftAt, fullerReportMs)) : { at: legLeftAt, waited: false };
  }
  if (!facts.everAnswered) return wait(after(legLeftAt, dialResultGraceMs));
  const lastWord = agentEndedAt === null ? null : latest(agentEndedAt, legLeftAt);
  return wait(after(legLeftAt, policy.reportGraceMs), lastWord && after(lastWord, lastWordMs));
}

/** How well agents' reports are heard: all from before `behindMs` ago are known, and that without a break for `sinceMs`. */
export type Hearing = { behindMs: number; sinceMs: number };

/** It is noted every two seconds. */
const maxBehindMs = 5_000;
/** An agent whose last word is here reports again what it could not, within seconds. */
const reportedAgainMs = 10_000;

/**
 * A talk of which no answers are known proves nothing while reports can't be heard, nor before agents had the time to
 * report again what they could not.
 */
export function awaitsHearing({ call, facts }: Known, hearing: Hearing | undefined, policy: Policy): boolean {
  if (hearing === undefined || !facts.everAnswered || hasAnswers(call)) return false;
  const graceMs = facts.agentEndedAt === null ? policy.reportGraceMs : Math.min(policy.reportGraceMs, reportedAgainMs);
  return hearing.behindMs > maxBehindMs || hearing.sinceMs < graceMs;
}

/** The settled call: `called` with answers, else `failed`, with its true end. */
export function settle(known: Known, now: Date, policy: Policy): Call {
  const { call, facts } = known;
  const ended = withEnd(call, endOfCall(known, now, policy));
  if (hasAnswers(call)) return { ...ended, status: 'called', failureReason: null };
  return setCallFailed(ended, whyFailed(call, facts, policy));
}

function setCallFailed(call: Call, reason: FailureReason): Call {
  return { ...call, status: 'failed', failureReason: reason };
}

/** Where a call was settled without its end being known, a word that comes later still sets its minutes right. */
export function correctEnd(known: Known, now: Date, policy: Policy): Call {
  const { call } = known;
  const endedAt = endOfCall(known, now, policy);
  return call.endedAt === null || endedAt < call.endedAt ? withEnd(call, endedAt) : call;
}

function withEnd(call: Call, endedAt: Date): Call {
  return {
    ...call,
    answeredAt: call.answeredAt && earliest(call.answeredAt, endedAt),
    endedAt,
    durationSeconds: Math.round((endedAt.getTime() - call.startedAt.getTime()) / 1_000),
  };
}

function endOfCall({ call, facts, dial }: Known, now: Date, policy: Policy): Date {
  const { dialResult } = facts;
  const failedAt = dialResult?.kind === 'failed' && !facts.everAnswered ? dialResult.at : null;
  if (failedAt !== null && dial.putBackReason !== null) return call.startedAt;
  const dialled = dialledAt(facts, dial);
  const longest = dialled && longestAt(dialled, policy);
  const end = failedAt ?? facts.legLeftAt ?? facts.agentEndedAt ?? longest ?? now;
  return latest(call.startedAt, earliest(end, longest, now)) ?? now;
}

/**
 * A word on who took the call that comes after the end still sets its reason right: a call that failed for want of answers
 * was a miss if a machine took it. Its lead's next attempt keeps the time that it has.
 */
export function correctReason({ call, facts }: Known, policy: Policy): Call {
  const { failureReason: reason } = call;
  const heardOnly = reason === 'no_answers' || reason === 'rejected' || reason === 'unanswered';
  if (call.status !== 'failed' || !heardOnly || facts.legLeftAt === null) return call;
  return setCallFailed(call, whyFailed(call, facts, policy));
}

function whyFailed(call: Call, facts: Facts, policy: Policy): FailureReason {
  const { dialResult } = facts;
  if (dialResult?.kind === 'failed' && !facts.everAnswered) return dialResult.reason;
  if (facts.legLeftAt === null) return 'stale_timeout';
  // Nobody was reached: retried like a miss, however long the machine was listened to and whoever ended it.
  if (isMachine(answererOf({ call, facts }))) return 'unanswered';
  if (!facts.everAnswered) return whyNotAnswered(facts);
  // Without the dial's own word the leg's whole stay, ringing included, is the most the talk can have been.
  const talkFrom = call.answeredAt ?? facts.legJoinedAt;
  const short = talkFrom !== null && facts.legLeftAt.getTime() - talkFrom.getTime() < policy.minTalkMs;
  return short && wasHungUpByCallee(facts) ? 'rejected' : 'no_answers';
}

/** Weaker than the dial's own result: the webhook gives a fault of our trunk the words of a callee who declined. */
function whyNotAnswered(facts: Facts): FailureReason {
  if (facts.endedBy === 'error') return 'startup_failed';
  switch (facts.legLeftReason) {
    case 'USER_REJECTED':
      return 'rejected';
    case 'USER_UNAVAILABLE':
    case 'ROOM_DELETED':
    case 'PARTICIPANT_REMOVED':
    case 'ROOM_FINISHED':
    case 'NOT_SHOWN':
      return 'unanswered';
    case null:
    default:
      return 'dispatch_failed';
  }
}

function wasHungUpByCallee(facts: Facts): boolean {
  return facts.endedBy === null ? facts.legLeftReason === 'CLIENT_INITIATED' : facts.endedBy === 'callee';
}
