import { isOpen, nextOpening, type CallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';

/** A buyer's request to be called back. `at` is null if the words name no single time. */
export type CallbackRequest = {
  at: Date | null;
  keptBy: 'agent' | 'person';
  saidAt: Date;
};

export type PromisePolicy = {
  window: CallWindow;
  ringSeconds: number;
  latestInviteMs: number;
  /** How late a dial may begin after the promised time and still keep the promise. */
  promiseToleranceMs: number;
  /** How many requests of one lead we keep by a dial. */
  maxPromises: number;
};

export type RequestDecision =
  /** The phone is dialled at `dueAt`: the time itself, or the next opening after it. */
  | { kind: 'promise'; dueAt: Date }
  /** A person calls back, so we do not dial. */
  | { kind: 'to_person' }
  | {
      kind: 'refuse';
      because: 'do_not_call' | 'test_call_over' | 'wrong_number' | 'no_time' | 'time_over' | 'too_far' | 'too_many';
    };

const longestAheadMs = 366 * 86_400_000;

/**
 * What follows from a request. A person who asked never to be called gets no promise, whichever came first, nor does one at
 * a wrong number.
 */
export function decideRequest(
  request: CallbackRequest,
  lead: { doNotCall: boolean; isTestCall: boolean; isWrongNumber: boolean; promisesBefore: number },
  policy: PromisePolicy,
): RequestDecision {
  if (lead.doNotCall) return { kind: 'refuse', because: 'do_not_call' };
  if (lead.isTestCall) return { kind: 'refuse', because: 'test_call_over' };
  if (lead.isWrongNumber) return { kind: 'refuse', because: 'wrong_number' };
  if (request.keptBy === 'person') return { kind: 'to_person' };
  const { at, saidAt } = request;
  if (at === null) return { kind: 'refuse', because: 'no_time' };
  // A time that was already over when the buyer named it is a mistake; one that passed since then is due at once.
  if (at.getTime() < saidAt.getTime() - policy.promiseToleranceMs) return { kind: 'refuse', because: 'time_over' };
  if (at.getTime() > saidAt.getTime() + longestAheadMs) return { kind: 'refuse', because: 'too_far' };
  if (lead.promisesBefore >= policy.maxPromises) return { kind: 'refuse', because: 'too_many' };
  return { kind: 'promise', dueAt: nextOpening(policy.window, at, ringWindowMs(policy)) };
}

/**
 * Until when a dial keeps a promise: the tolerance after its time, or after the window's next opening if the window shuts
 * before that.
 */
export function keptUntil(at: Date, policy: PromisePolicy): Date {
  const open = nextOpening(policy.window, at, ringWindowMs(policy));
  const until = new Date(open.getTime() + policy.promiseToleranceMs);
  if (isOpen(policy.window, until, ringWindowMs(policy))) return until;
  const next = nextOpening(policy.window, until, ringWindowMs(policy));
  return new Date(next.getTime() + policy.promiseToleranceMs);
}

/** How a dial ended that was claimed for a promise. */
export type PromisedDial = {
  sentAt: Date | null;
  /** The dial was put back, or no agent came: no phone rang. */
  wasNotDialled: boolean;
  /** How many earlier dials of the same promise did not ring a phone either. */
  failedBefore: number;
};

/** After so many dials that rang no phone we give the promise up, and the retry table applies again. */
const maxFailedDials = 10;

/** What a dial means for its promise; `waiting`: the promise still stands. */
export function decideKept(
  at: Date,
  dial: PromisedDial,
  policy: PromisePolicy,
): { state: 'waiting' } | { state: 'kept' | 'missed'; why: string | null } {
  if (dial.sentAt === null || dial.wasNotDialled) {
    return dial.failedBefore < maxFailedDials ? { state: 'waiting' } : { state: 'missed', why: 'not_dialled' };
  }
  return dial.sentAt <= keptUntil(at, policy) ? { state: 'kept', why: null } : { state: 'missed', why: 'late' };
}

/**
 * When the lead of a waiting promise is due, without jitter: never before the promised time. `notBefore`: we cannot call
 * earlier, because its dial was put back or the window is shut. `isMoved`: the window is shut at the promised time, so the
 * lead is due at the next opening.
 */
export function dueOfPromise(
  promise: { dueAt: Date },
  notBefore: Date | null,
  policy: PromisePolicy,
): { at: Date; isMoved: boolean } {
  const due = notBefore !== null && notBefore > promise.dueAt ? notBefore : promise.dueAt;
  const at = nextOpening(policy.window, due, ringWindowMs(policy));
  return { at, isMoved: at > due };
}
