import type { DialFacts } from './decide-dial.ts';

/** One lead's facts after earlier leads of its group got a dial: each of these uses its number and a slot. */
export function afterOthers(facts: DialFacts, given: readonly DialFacts[]): DialFacts {
  const isHeld = given.some(({ phone }) => phone === facts.phone);
  return {
    ...facts,
    // The call has not begun, so its end is unknown.
    numberInUse: isHeld ? { until: null } : facts.numberInUse,
    slotsInUse: facts.slotsInUse + given.length,
  };
}
