import type { Disposition } from '@leadline/contracts/disposition';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import { nextOpening, type CallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';

/** Delays by failure reason: the n-th spent attempt waits the n-th delay, later ones the last. */
export type RetryPolicy = {
  delaysMs: Record<FailureReason, readonly number[]>;
  /** 0.1: a delay is up to a tenth longer, so that calls missed together are not all retried together. */
  jitter: number;
  maxRetries: number;
  /** The dispositions after which we do not call the lead again. */
  closingDispositions: readonly Disposition[];
  window: CallWindow;
  ringSeconds: number;
  latestInviteMs: number;
  /** How long a dial that was put back waits if nothing names a better time. */
  putBackDelayMs: number;
};

/** An ended call, with all that decides what becomes of its lead. */
export type EndedCall = {
  outcome: 'failed' | 'called';
  reason: FailureReason | null;
  /** The network's final SIP code for the dial, where it gave one. */
  sipStatus: number | null;
  /** The lead's newest call, and made by us. The failure of an older call changes nothing. */
  newest: boolean;
  /** Why the dial was put back without spending an attempt, and how long it waits at least. */
  putBack: { until: Date | null } | undefined;
  /** How many put-backs of this lead have counted before this one. */
  putBacksBefore: number;
  doNotCall: boolean;
  /** Answers of any of the lead's calls since the operator's last "once more". */
  leadHasAnswers: boolean;
  /** The newest disposition of a talk with this lead, since the operator's last "once more". */
  disposition: Disposition | null;
  /** The buyer sent another enquiry during this attempt, which only a further attempt can answer. */
  askedMeanwhile: boolean;
  otherCallUndecided: boolean;
  /** We promised the buyer a call at a later time. */
  isPromised: boolean;
  /** `leadline test-call` made the lead: it is rung once, whatever came of it. */
  isTestCall: boolean;
  /** The call was made for a promise, so it spends no retry. */
  wasPromised: boolean;
};

export type RetryDecision =
  | { kind: 'nothing' }
  | { kind: 'answered' }
  /** The lead is called at the promised time, whatever its answers and the retry table say. */
  | { kind: 'promised' }
  | { kind: 'retry'; at: Date; retryCount: number }
  | {
      kind: 'give_up';
      because: 'retries_used_up' | 'do_not_call' | 'no_such_number' | 'test_call_over' | Disposition;
      retryCount: number;
    };

const noSuchNumber = [404, 410, 484, 604];

/**
 * The network knows no such number (RFC 3261: 404 Not Found, 410 Gone, 484 Address Incomplete, 604 Does Not Exist
 * Anywhere). Dialling it again only costs the caller ID its reputation.
 */
export function isNoSuchNumber({ reason, sipStatus }: Pick<EndedCall, 'reason' | 'sipStatus'>): boolean {
  return reason === 'dispatch_failed' && noSuchNumber.includes(sipStatus ?? 0);
}

/** How often an attempt that was proved not dialled is put back; after that it is spent. */
const maxPutBacks = 10;

/**
 * What an ended call means for its lead, for every failure whatever its cause. `random` (0 to 1) spreads the retries.
 * An instant in the past is due at once.
 */
export function decideRetry(
  { call, lead }: { call: EndedCall; lead: { status: string; retryCount: number; failureReason: string | null } },
  now: Date,
  policy: RetryPolicy,
  random: number,
): RetryDecision {
  if (call.isPromised && !call.doNotCall) return call.otherCallUndecided ? { kind: 'nothing' } : { kind: 'promised' };
  if (call.leadHasAnswers || (call.outcome === 'called' && call.newest)) {
    return call.otherCallUndecided || lead.status === 'dispatched' ? { kind: 'nothing' } : { kind: 'answered' };
  }
  // The lead ended before it showed that the trunk knows no number at all.
  const isDoubted = lead.failureReason === 'no_such_number' && call.putBack !== undefined;
  if (call.outcome === 'called' || !call.newest || (lead.status === 'failed' && !isDoubted)) return { kind: 'nothing' };
  if (call.doNotCall) return { kind: 'give_up', because: 'do_not_call', retryCount: lead.retryCount };
  if (call.isTestCall) return { kind: 'give_up', because: 'test_call_over', retryCount: lead.retryCount };
  if (call.disposition !== null && policy.closingDispositions.includes(call.disposition)) {
    return { kind: 'give_up', because: call.disposition, retryCount: lead.retryCount };
  }
  const open = (at: Date): Date => nextOpening(policy.window, at, ringWindowMs(policy));
  if (call.putBack !== undefined && call.putBacksBefore < maxPutBacks) {
    const at = call.putBack.until ?? new Date(now.getTime() + policy.putBackDelayMs);
    return { kind: 'retry', at: open(at), retryCount: lead.retryCount };
  }
  if (isNoSuchNumber(call)) {
    return { kind: 'give_up', because: 'no_such_number', retryCount: lead.retryCount };
  }
  const spent = lead.retryCount + (call.wasPromised ? 0 : 1);
  const isUsedUp = spent > policy.maxRetries;
  if (isUsedUp && !call.askedMeanwhile) return { kind: 'give_up', because: 'retries_used_up', retryCount: spent };
  // The last attempt failed, but the buyer has asked again: the attempts start over, as for a new lead.
  const retryCount = isUsedUp ? 0 : spent;
  const delays = policy.delaysMs[call.reason ?? 'dispatch_failed'];
  const delayMs = delays[Math.min(isUsedUp ? 0 : lead.retryCount, delays.length - 1)] ?? policy.putBackDelayMs;
  return { kind: 'retry', at: open(new Date(now.getTime() + delayMs * (1 + policy.jitter * random))), retryCount };
}
