import type { Disposition } from '@leadline/contracts/disposition';
import { isOpen, nextOpening, type CallWindow } from './call-window.ts';
import { refuseTestCall, type TestCall } from './decide-test-call.ts';

/** Everything that decides whether a lead's phone may ring now. */
export type DialFacts = {
  lead: {
    status: string;
    retryAfter: Date | null;
    /** When the buyer asked, which may be long before we heard of it. */
    enquiredAt: Date;
    /** When an operator last asked for one more call. */
    askedAgainAt: Date | null;
    /** When the buyer last asked again. */
    lastEnquiryAt: Date | null;
  };
  /** The time at which the buyer asked to be called, and when the same buyer talked about another lead since then. */
  promise: { dueAt: Date; talkedAt: Date | null } | null;
  /** A vendor sent this lead to test the connection. */
  isTest: boolean;
  /** `leadline test-call` made this lead. */
  testCall: TestCall | null;
  /** A vendor says that the number is on a do-not-disturb list. */
  dndFlag: boolean;
  /** The lead's number as E.164; undefined if it is not an Indian mobile number. */
  phone: string | undefined;
  hasUndecidedCall: boolean;
  /** Answers stored for a call since the operator's last "once more". */
  hasAnswers: boolean;
  doNotCall: boolean;
  /** The newest disposition of a talk with this lead, since the operator's last "once more". */
  disposition: Disposition | null;
  /** When the newest talk with answers at this number ended, whichever lead it was for. */
  talkedAt: Date | null;
  /** The last report of a call to this number is a dead letter, and no operator has handled it yet. */
  unheardReport: boolean;
  /** Another dial or an old call uses the number, until this time; null: until an unknown time. */
  numberInUse: { until: Date | null } | undefined;
  slotsInUse: number;
  /** `probedAt`: when the newest undecided probe began. */
  control: { stopped: boolean; breakerOpenUntil: Date | null; breakerTripped: boolean; probedAt: Date | null };
};

export type DialPolicy = {
  window: CallWindow;
  /** The numbers, as E.164, that test calls may ring. */
  testNumbers: readonly string[];
  maxConcurrentCalls: number;
  closingDispositions: readonly Disposition[];
  maxLeadAgeDays: number;
  /** How long a number is not called after a talk with answers. 0: there is no pause. */
  contactPauseMs: number;
  /** A promise is dropped if its buyer talked about another lead within this time before it, or after it. */
  promiseToleranceMs: number;
  ringSeconds: number;
  /** A request sent now may ring a phone until its token has expired and LiveKit's leeway is over. */
  latestInviteMs: number;
};

export type DialDecision =
  | { kind: 'dial'; probe: boolean }
  | { kind: 'wait'; reason: WaitReason; until: Date | null }
  | { kind: 'refuse'; reason: RefusalReason }
  | { kind: 'not_due'; reason: 'not_new' | 'retry_later' | 'call_in_progress' | 'promised_later'; until: Date | null };

type RefusalReason =
  | Disposition
  | 'test_lead'
  | NonNullable<ReturnType<typeof refuseTestCall>>
  | 'invalid_number'
  | 'dnd_listed'
  | 'do_not_call'
  | 'too_old'
  | 'answered';
type WaitReason =
  | 'talked_recently'
  | 'stopped'
  | 'breaker_open'
  | 'window_shut'
  | 'number_in_use'
  | 'no_free_slot'
  | 'report_unheard'
  // The reasons that hold back every lead: see hold-back.ts.
  | 'older_database'
  | 'database_not_compared'
  | 'reports_not_heard'
  | 'calls_before_restore'
  | 'dials_under_way';

/** How long the window must stay open from the permit on. */
export function ringWindowMs(policy: { latestInviteMs: number; ringSeconds: number }): number {
  return policy.latestInviteMs + policy.ringSeconds * 1_000;
}

/**
 * Decides whether this lead may be dialled now. The first reason found is the answer: first the lead's own reasons, then
 * those that hold back every lead. Claim, permit and `explain` all use this rule.
 */
export function decideDial(facts: DialFacts, now: Date, policy: DialPolicy): DialDecision {
  const { lead, control } = facts;
  if (lead.status !== 'new') return { kind: 'not_due', reason: 'not_new', until: null };
  if (facts.hasUndecidedCall) return { kind: 'not_due', reason: 'call_in_progress', until: null };
  const { promise } = facts;
  if (promise !== null && promise.dueAt > now) {
    const then = mayRing({ ...facts, promise: { ...promise, dueAt: now } }, now, policy);
    return then.kind === 'refuse' ? then : { kind: 'not_due', reason: 'promised_later', until: promise.dueAt };
  }
  const verdict = mayRing(facts, now, policy);
  if (verdict.kind === 'refuse' || (verdict.kind === 'wait' && verdict.reason === 'talked_recently')) return verdict;
  if (lead.retryAfter !== null && lead.retryAfter > now) {
    return { kind: 'not_due', reason: 'retry_later', until: lead.retryAfter };
  }
  if (control.breakerTripped && control.probedAt !== null) {
    // Its result is overdue: the dispatcher that sent the probe may have died, so another probe may go out.
    const until = new Date(control.probedAt.getTime() + ringWindowMs(policy));
    if (until > now) return { kind: 'wait', reason: 'breaker_open', until };
  }
  return verdict;
}

/** The part of the rule that we check again for a claimed call, right before the phone rings. */
export function mayRing(
  facts: DialFacts,
  now: Date,
  policy: DialPolicy,
): Extract<DialDecision, { kind: 'dial' | 'wait' | 'refuse' }> {
  const { lead, control } = facts;
  if (facts.isTest) return { kind: 'refuse', reason: 'test_lead' };
  const untested = facts.testCall === null ? undefined : refuseTestCall(facts.testCall, facts.phone, now, policy);
  if (untested !== undefined) return { kind: 'refuse', reason: untested };
  if (facts.phone === undefined) return { kind: 'refuse', reason: 'invalid_number' };
  if (facts.dndFlag) return { kind: 'refuse', reason: 'dnd_listed' };
  if (facts.doNotCall) return { kind: 'refuse', reason: 'do_not_call' };
  // The buyer asked for this call, so the rules that spare people calls do not apply.
  const isPromised = isPromiseDue(facts, now, policy);
  if (facts.hasAnswers && !isPromised) return { kind: 'refuse', reason: 'answered' };
  // This was reported late, when the lead's retry was already waiting.
  const { disposition } = facts;
  const isLifted = isPromised && disposition !== 'wrong_number';
  if (disposition !== null && !isLifted && policy.closingDispositions.includes(disposition)) {
    return { kind: 'refuse', reason: disposition };
  }
  const wishedAt = Math.max(Number(lead.enquiredAt), Number(lead.askedAgainAt), Number(lead.lastEnquiryAt));
  if (!isPromised && now.getTime() - wishedAt > policy.maxLeadAgeDays * 86_400_000) {
    return { kind: 'refuse', reason: 'too_old' };
  }
  if (facts.unheardReport) return { kind: 'wait', reason: 'report_unheard', until: null };
  const pausedUntil = pauseEndsAt(facts, policy);
  if (!isPromised && pausedUntil !== undefined && pausedUntil > now) {
    return { kind: 'wait', reason: 'talked_recently', until: pausedUntil };
  }
  if (control.stopped) return { kind: 'wait', reason: 'stopped', until: null };
  if (!isOpen(policy.window, now, ringWindowMs(policy))) {
    return { kind: 'wait', reason: 'window_shut', until: nextOpening(policy.window, now, ringWindowMs(policy)) };
  }
  if (control.breakerOpenUntil !== null && control.breakerOpenUntil > now) {
    return { kind: 'wait', reason: 'breaker_open', until: control.breakerOpenUntil };
  }
  if (facts.numberInUse !== undefined) return { kind: 'wait', reason: 'number_in_use', until: facts.numberInUse.until };
  if (facts.slotsInUse >= policy.maxConcurrentCalls) return { kind: 'wait', reason: 'no_free_slot', until: null };
  return { kind: 'dial', probe: control.breakerTripped };
}

/** Whether the promised time has come. The buyer must not have talked with us about another lead shortly before or since. */
function isPromiseDue({ promise }: DialFacts, now: Date, policy: DialPolicy): boolean {
  if (promise === null || promise.dueAt > now) return false;
  const { dueAt, talkedAt } = promise;
  return talkedAt === null || talkedAt.getTime() < dueAt.getTime() - policy.promiseToleranceMs;
}

/** When the pause after a talk ends; undefined: no pause, for example because an operator asked for this call. */
function pauseEndsAt({ talkedAt, lead, testCall }: DialFacts, policy: DialPolicy): Date | undefined {
  if (talkedAt === null || policy.contactPauseMs === 0 || testCall !== null) return undefined;
  if (lead.askedAgainAt !== null && lead.askedAgainAt > talkedAt) return undefined;
  return new Date(talkedAt.getTime() + policy.contactPauseMs);
}
