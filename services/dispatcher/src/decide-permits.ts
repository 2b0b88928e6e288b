import { mayRing, type DialFacts, type DialPolicy } from './decide-dial.ts';
import { afterOthers } from './decide-group.ts';

export type PermitVerdict =
  | { kind: 'permit' }
  | { kind: 'ask_again'; reason: string; afterMs: number }
  | { kind: 'refused'; reason: string }
  /** Somebody revoked or sent it, or its call has ended: nothing is left to do. */
  | { kind: 'lost' };

/** Who asks for a permit, and what was seen of its lead under the lock; `seen` is undefined when the lead is gone. */
export type PermitAsked = { probe: boolean; seen: { facts: DialFacts; isUnsent: boolean } | undefined };

/** Caps and a number in use pass by themselves: asked again while the claim is young. */
const askAgainMs = 250;
/** Those who wait for the pace come back one by one, not all at once: a permit takes about as long. */
const leastApartMs = 5;

/**
 * The verdict on each of a group that asks together, in its order, as if those before it had been permitted and had left:
 * they hold their numbers and slots, and have moved the pace. The pace is strict: nobody is permitted before
 * `nextDialAt`, and each permit moves it on by one step from now.
 */
export function decidePermits(
  group: readonly PermitAsked[],
  control: { nextDialAt: Date | null },
  now: Date,
  policy: DialPolicy & { paceMs: number },
): PermitVerdict[] {
  const given: DialFacts[] = [];
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
    // A claim from before the breaker opened is no probe: the way must be found open first.
    if (verdict.probe && !probe) return { kind: 'refused', reason: 'breaker_open' };
    if (!seen.isUnsent) return { kind: 'lost' };
    const dueInMs = given.length > 0 ? given.length * policy.paceMs : Number(control.nextDialAt ?? now) - Number(now);
    if (dueInMs > 0) {
      const apartMs = Math.max(policy.paceMs, leastApartMs) * waiting++;
      return { kind: 'ask_again', reason: 'pace', afterMs: dueInMs + Math.min(apartMs, askAgainMs) };
    }
    given.push(facts);
    return { kind: 'permit' };
  });
}
