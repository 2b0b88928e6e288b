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
  reckonAnswer,
  type Call,
  type Facts,
  type Known,
  type Policy,
} from './call-facts.ts';

/** How long we wait for the dial's result, which comes within milliseconds of the leg's end. */
const dialResultGraceMs = 5_000;
/** How long we wait after answers, because the agent may still send more. */
const fullerReportMs = 10_000;
/** How long we wait between the agent's last report and its last answers, which may arrive in any order. */
const lastWordMs = 5_000;

/** `waited`: more may still be reported. Only the call's due time, no event, settles it then. */
export type Settling = { at: Date; waited: boolean };

/**
 * When a `calling` call is settled by the present facts; null: not before more is known. A leg's end alone does not settle
 * a call, a leg that LiveKit does not show may still go on, and an unsent call ends only when its dial is revoked.
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

/** How well agents' reports arrive: we have all that are older than `behindMs`, without interruption for `sinceMs`. */
export type Hearing = { behindMs: number; sinceMs: number };

/** The note is written every two seconds. */
const maxBehindMs = 5_000;
/** Within this time after its last report, an agent has sent again whatever it could not send before. */
const reportedAgainMs = 10_000;

/**
 * A talk without answers means nothing while reports can not arrive, nor before agents have had time to send again what
 * they could not, nor while a report from before it was due is in the hands of a process that may have died.
 */
export function awaitsHearing(known: Known, hearing: Hearing | undefined, now: Date, policy: Policy): boolean {
  const { call, facts } = known;
  if (hearing === undefined || !facts.everAnswered || hasAnswers(call)) return false;
  const graceMs = facts.agentEndedAt === null ? policy.reportGraceMs : Math.min(policy.reportGraceMs, reportedAgainMs);
  if (hearing.behindMs > maxBehindMs || hearing.sinceMs < graceMs) return true;
  const due = settlesAt(known, policy);
  return due !== null && now.getTime() - hearing.behindMs < due.at.getTime();
}

/** The settled call: `called` with answers, else `failed`, with its true end. */
export function settle(known: Known, now: Date, policy: Policy): Call {
  const { call, facts } = known;
  const ended = withEnd(known, endOfCall(known, now, policy), policy);
  if (hasAnswers(call)) return { ...ended, status: 'called', failureReason: null };
  return setCallFailed(ended, whyFailed(call, facts, policy));
}

/**
 * When the person answered. Where nobody told it, it is reckoned, so that no talk that the carrier bills counts as none.
 * Null: nobody answered.
 */
function answerOf({ call, facts }: Known, endedAt: Date, policy: Policy): Date | null {
  if (call.answeredAt !== null && facts.watch.answerEstimated !== true) return call.answeredAt;
  if (!facts.everAnswered) return call.answeredAt;
  return reckonAnswer(facts, endedAt, policy) ?? call.answeredAt;
}

function setCallFailed(call: Call, reason: FailureReason): Call {
  return { ...call, status: 'failed', failureReason: reason };
}

/**
 * If a call was settled without a known end, a later report still corrects its minutes. One that was settled as never answered,
 * and was answered after all, ended with its leg and not with the ringing.
 */
export function correctEnd(known: Known, now: Date, policy: Policy): Call {
  const { call, facts } = known;
  const endedAt = endOfCall(known, now, policy);
  const isReckoned = facts.everAnswered && (call.answeredAt === null || facts.watch.answerEstimated === true);
  return isReckoned || call.endedAt === null || endedAt < call.endedAt ? withEnd(known, endedAt, policy) : call;
}

function withEnd(known: Known, endedAt: Date, policy: Policy): Call {
  const { call } = known;
  const answeredAt = answerOf(known, endedAt, policy);
  return {
    ...call,
    answeredAt: answeredAt && earliest(answeredAt, endedAt),
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
 * A report on who answered that comes after the end still corrects the reason: a call that failed without answers was a
 * miss if a machine took it. The lead's next attempt keeps its time.
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
  // A machine answered: this is retried like a miss, however long the call lasted and whoever ended it.
  if (isMachine(answererOf({ call, facts }))) return 'unanswered';
  if (!facts.everAnswered) return whyNotAnswered(facts);
  // Without the dial's result we only know that the talk was no longer than the leg's stay since it was last seen to ring.
  const { answerEstimated, ringingAt = null } = facts.watch;
  const talkFrom = (answerEstimated === true ? null : call.answeredAt) ?? latest(facts.legJoinedAt, ringingAt);
  const short = talkFrom !== null && facts.legLeftAt.getTime() - talkFrom.getTime() < policy.minTalkMs;
  return short && wasHungUpByCallee(facts) ? 'rejected' : 'no_answers';
}

/** A weaker source than the dial's result: for a fault of our trunk the webhook says that the callee declined. */
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
