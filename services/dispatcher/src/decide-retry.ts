import type { Disposition } from '@leadline/contracts/disposition';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import { nextOpening, type CallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';

/** Delays by failure reason: the n-th spent attempt waits the n-th delay, later ones the last. */
export type RetryPolicy = {
  delaysMs: Record<FailureReason, readonly number[]>;
  /** 0.1 = a delay is up to a tenth longer, so that a morning's misses do not all ring at one moment. */
  jitter: number;
  maxRetries: number;
  /** What an agent may say of a talk so that its lead is not rung any more. */
  closingDispositions: readonly Disposition[];
  window: CallWindow;
  ringSeconds: number;
  latestInviteMs: number;
  /** For what was put back and has no better time. */
  putBackDelayMs: number;
};

/** A call that has ended, as the decision on its lead sees it. */
export type EndedCall = {
  outcome: 'failed' | 'called';
  reason: FailureReason | null;
  /** The network's final SIP code for the dial, where it gave one. */
  sipStatus: number | null;
  /** Ours and the newest of its lead; an older call's failure has no say. */
  newest: boolean;
  /** Given back without spending an attempt: why, and until when at least. */
  putBack: { until: Date | null } | undefined;
  /** Put-backs that counted so far for this lead, this one not included. */
  putBacksBefore: number;
  doNotCall: boolean;
  /** Answers of any of the lead's calls since the operator's last "once more". */
  leadHasAnswers: boolean;
  /** What an agent last said of a talk with this lead, since the operator's last "once more". */
  disposition: Disposition | null;
  /** The buyer asked again while this attempt was under way: without another one nothing would follow from that. */
  askedMeanwhile: boolean;
  otherCallUndecided: boolean;
  /** The buyer was promised a call at a time to come. */
  isPromised: boolean;
  /** It was made for a promise, which spends no retry. */
  wasPromised: boolean;
};

export type RetryDecision =
  | { kind: 'nothing' }
  | { kind: 'answered' }
  /** Rung at the promised time: neither answers nor the table have a say. */
  | { kind: 'promised' }
  | { kind: 'retry'; at: Date; retryCount: number }
  | {
      kind: 'give_up';
      because: 'retries_used_up' | 'do_not_call' | 'no_such_number' | Disposition;
      retryCount: number;
    };

/**
 * The network knows no such number (RFC 3261: 404 Not Found, 410 Gone, 484 Address Incomplete, 604 Does Not Exist
 * Anywhere). Dialling it again only costs the caller ID its reputation.
 */
const noSuchNumber = [404, 410, 484, 604];

/** An attempt that proved not dialled is given back this often; the next one is spent. */
const maxPutBacks = 10;

/**
 * What an ended call means for its lead, for every failure whatever its cause. `random` (0 to 1) spreads the retries.
 * An instant in the past is due at once.
 */
export function decideRetry(
  { call, lead }: { call: EndedCall; lead: { status: string; retryCount: number } },
  now: Date,
  policy: RetryPolicy,
  random: number,
): RetryDecision {
  if (call.isPromised && !call.doNotCall) return call.otherCallUndecided ? { kind: 'nothing' } : { kind: 'promised' };
  if (call.leadHasAnswers || (call.outcome === 'called' && call.newest)) {
    return call.otherCallUndecided || lead.status === 'dispatched' ? { kind: 'nothing' } : { kind: 'answered' };
  }
  if (call.outcome === 'called' || !call.newest || lead.status === 'failed') return { kind: 'nothing' };
  if (call.doNotCall) return { kind: 'give_up', because: 'do_not_call', retryCount: lead.retryCount };
  if (call.disposition !== null && policy.closingDispositions.includes(call.disposition)) {
    return { kind: 'give_up', because: call.disposition, retryCount: lead.retryCount };
  }
  const open = (at: Date): Date => nextOpening(policy.window, at, ringWindowMs(policy));
  if (call.putBack !== undefined && call.putBacksBefore < maxPutBacks) {
    const at = call.putBack.until ?? new Date(now.getTime() + policy.putBackDelayMs);
    return { kind: 'retry', at: open(at), retryCount: lead.retryCount };
  }
  if (call.reason === 'dispatch_failed' && noSuchNumber.includes(call.sipStatus ?? 0)) {
    return { kind: 'give_up', because: 'no_such_number', retryCount: lead.retryCount };
  }
  const spent = lead.retryCount + (call.wasPromised ? 0 : 1);
  const isUsedUp = spent > policy.maxRetries;
  if (isUsedUp && !call.askedMeanwhile) return { kind: 'give_up', because: 'retries_used_up', retryCount: spent };
  // The last one has failed, and the buyer wants more: the attempts begin anew, as those of a new lead would.
  const retryCount = isUsedUp ? 0 : spent;
  const delays = policy.delaysMs[call.reason ?? 'dispatch_failed'];
  const delayMs = delays[Math.min(isUsedUp ? 0 : lead.retryCount, delays.length - 1)] ?? policy.putBackDelayMs;
  return { kind: 'retry', at: open(new Date(now.getTime() + delayMs * (1 + policy.jitter * random))), retryCount };
}
