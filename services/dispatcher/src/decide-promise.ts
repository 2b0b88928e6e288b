import { isOpen, nextOpening, type CallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';

/** When a buyer asked to be called back. `at` null: the words name no one time. */
export type CallbackRequest = {
  at: Date | null;
  keptBy: 'agent' | 'person';
  saidAt: Date;
};

export type PromisePolicy = {
  window: CallWindow;
  ringSeconds: number;
  latestInviteMs: number;
  /** A promise is kept by a dial that begins no later than this after its time. */
  promiseToleranceMs: number;
  /** So many of a lead's requests are kept by a dial. */
  maxPromises: number;
};

export type RequestDecision =
  /** The phone is dialled at `dueAt`: the time itself, or the next opening after it. */
  | { kind: 'promise'; dueAt: Date }
  /** A person calls back: nobody is dialled for it. */
  | { kind: 'to_person' }
  | { kind: 'refuse'; because: 'do_not_call' | 'no_time' | 'time_over' | 'too_far' | 'too_many' };

const longestAheadMs = 366 * 86_400_000;

/** What follows from a request. Whoever wishes never to be called is promised nothing, whichever was said first. */
export function decideRequest(
  request: CallbackRequest,
  lead: { doNotCall: boolean; promisesBefore: number },
  policy: PromisePolicy,
): RequestDecision {
  if (lead.doNotCall) return { kind: 'refuse', because: 'do_not_call' };
  if (request.keptBy === 'person') return { kind: 'to_person' };
  const { at, saidAt } = request;
  if (at === null) return { kind: 'refuse', because: 'no_time' };
  // A time that was over when it was said is a slip; one that passed since then is due at once.
  if (at.getTime() < saidAt.getTime() - policy.promiseToleranceMs) return { kind: 'refuse', because: 'time_over' };
  if (at.getTime() > saidAt.getTime() + longestAheadMs) return { kind: 'refuse', because: 'too_far' };
  if (lead.promisesBefore >= policy.maxPromises) return { kind: 'refuse', because: 'too_many' };
  return { kind: 'promise', dueAt: nextOpening(policy.window, at, ringWindowMs(policy)) };
}

/**
 * Until when a dial keeps a promise: for the tolerance after its time, or after the opening that follows it where people
 * may not be rung that long.
 */
export function keptUntil(at: Date, policy: PromisePolicy): Date {
  const open = nextOpening(policy.window, at, ringWindowMs(policy));
  const until = new Date(open.getTime() + policy.promiseToleranceMs);
  if (isOpen(policy.window, until, ringWindowMs(policy))) return until;
  const next = nextOpening(policy.window, until, ringWindowMs(policy));
  return new Date(next.getTime() + policy.promiseToleranceMs);
}

/** A dial that was claimed for a promise, as it ended. */
export type PromisedDial = {
  sentAt: Date | null;
  /** Given back, or ended without an agent: nobody was rung for it. */
  wasNotDialled: boolean;
  /** Those of the same promise before this one that were not dialled either. */
  failedBefore: number;
};

/** After so many dials that never left, a promise is given up and the retry table goes on. */
const maxFailedDials = 10;

/** What a dial makes of its promise; `waiting`: it still stands. */
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
 * When the lead of a waiting promise is due, without jitter. `notBefore`: until then nobody can be rung for it, because its
 * dial was given back or the window is shut; the promised time stays its floor. `isMoved`: it is the next opening, for
 * nobody may be rung at that time.
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
