import type { DialFacts } from './decide-dial.ts';

/** The facts of one of a group when the others were given a dial before it in the same transaction: each holds a number and a slot. */
export function afterOthers(facts: DialFacts, given: readonly DialFacts[]): DialFacts {
  const isHeld = given.some(({ phone }) => phone === facts.phone);
  return {
    ...facts,
    // Nobody knows how long a call will last that has not begun.
    numberInUse: isHeld ? { until: null } : facts.numberInUse,
    slotsInUse: facts.slotsInUse + given.length,
  };
}
