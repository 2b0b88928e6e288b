import { mayRing, type DialFacts, type DialPolicy } from './decide-dial.ts';
import { afterOthers } from './decide-group.ts';

export type PermitVerdict =
  /** The dial may leave so long from now, and not before. */
  | { kind: 'permit'; afterMs: number }
  | { kind: 'ask_again'; reason: string; afterMs: number }
  | { kind: 'refused'; reason: string }
  /** The dial was revoked or sent before, or its call has ended: there is nothing left to do. */
  | { kind: 'lost' };

/** A claim that asks for its permit, with its lead's facts read under the lock; `seen` is undefined if the lead is gone. */
export type PermitAsked = { probe: boolean; seen: { facts: DialFacts; isUnsent: boolean } | undefined };

/**
 * With a pace quicker than `slowPaceMs`, a dial that may leave so soon gets its permit now, for its own time. Else a group
 * would wait for a transaction after each of its dials, and none could be quicker than the machine commits.
 */
export const permittedAheadMs = 100;
/** 20 calls a second. Up to here each dial can have a transaction of its own. */
const slowPaceMs = 50;
/** These reasons pass by themselves, so the claim asks again as long as it lives. */
const askAgainMs = 250;
/** Claims that wait for the pace ask again one after the other, about as far apart as a permit takes. */
const leastApartMs = 5;

/**
 * Decides on each claim of a group, in order. Each permit that was given earlier in the group already counts: it uses its
 * number and a slot, and moves the pace. The pace is strict: no dial may leave before `nextDialAt`, and each one moves that
 * by a step, however long nobody was dialled before.
 */
export function decidePermits(
  group: readonly PermitAsked[],
  control: { nextDialAt: Date | null },
  now: Date,
  policy: DialPolicy & { paceMs: number },
): PermitVerdict[] {
  const given: DialFacts[] = [];
  const firstDueInMs = Math.max(0, Number(control.nextDialAt ?? now) - Number(now));
  const aheadMs = policy.paceMs < slowPaceMs ? permittedAheadMs : 0;
  let waiting = 0;
  return group.map(({ probe, seen }): PermitVerdict => {
    if (seen === undefined) return { kind: 'refused', reason: 'lead_gone' };
    const { facts } = seen;
    if (facts.lead.status !== 'new') return { kind: 'refused', reason: facts.hasAnswers ? 'answered' : 'lead_not_new' };
    const verdict = mayRing(afterOthers(facts, given), now, policy);
    if (verdict.kind === 'refuse') return { kind: 'refused', reason: verdict.reason };
    if (verdict.kind === 'wait')
      return verdict.reason === 'no_free_slot' || verdict.reason === 'number_in_use'
        ? { kind: 'ask_again', reason: verdict.reason, afterMs: askAgainMs }
        : { kind: 'refused', reason: verdict.reason };
    // This claim was made before the breaker opened, so it is not a probe: it waits until a probe has succeeded.
    if (verdict.probe && !probe) return { kind: 'refused', reason: 'breaker_open' };
    if (!seen.isUnsent) return { kind: 'lost' };
    const dueInMs = firstDueInMs + given.length * policy.paceMs;
    if (dueInMs > aheadMs) {
      const apartMs = Math.max(policy.paceMs, leastApartMs) * waiting++;
      const afterMs = dueInMs - aheadMs + Math.min(apartMs, askAgainMs);
      return { kind: 'ask_again', reason: 'pace', afterMs: Math.max(leastApartMs, afterMs) };
    }
    given.push(facts);
    return { kind: 'permit', afterMs: dueInMs };
  });
}
