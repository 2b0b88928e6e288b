import { expect, test } from 'vitest';
import { dialPolicy, freeLead, noon } from '../test/dial-facts.ts';
import { parseCallWindow } from './call-window.ts';
import { decideClaims } from './decide-claims.ts';
import { decideDial, mayRing, type DialFacts } from './decide-dial.ts';

const policy = { ...dialPolicy, closingDispositions: [] };
const free: DialFacts = { ...freeLead, testCall: { madeAt: noon, hasEarlierCall: false } };
const after = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000);
const over = { madeAt: noon, hasEarlierCall: true };

test.for<[string, Partial<DialFacts>, string]>([
  ['nothing in the way', {}, 'dial'],
  ['a talk a minute ago', { talkedAt: after(-60) }, 'dial'],
  ['another number', { phone: '+919000000043' }, 'refuse: not_a_test_number'],
  ['a number that can’t be read', { phone: undefined }, 'refuse: not_a_test_number'],
  ['an earlier call', { testCall: over }, 'refuse: test_call_over'],
  [
    'an earlier call, and an operator who wants one more',
    { testCall: over, lead: { ...free.lead, askedAgainAt: noon } },
    'refuse: test_call_over',
  ],
  [
    'an earlier call, and a promise',
    { testCall: over, promise: { dueAt: noon, talkedAt: null } },
    'refuse: test_call_over',
  ],
  [
    'a call that was asked for long ago',
    { testCall: { madeAt: after(-121), hasEarlierCall: false } },
    'refuse: test_call_late',
  ],
  ['an opt-out, whatever the list of numbers says', { doNotCall: true }, 'refuse: do_not_call'],
  ['a do-not-disturb list', { dndFlag: true }, 'refuse: dnd_listed'],
  ['the stop switch', { control: { ...free.control, stopped: true } }, 'wait: stopped'],
])('a test call with %s: %s', ([, more, expected]) => {
  const decision = decideDial({ ...free, ...more }, noon, policy);
  expect(decision.kind === 'dial' ? 'dial' : `${decision.kind}: ${decision.reason}`).toBe(expected);
});

test('with no numbers set every test call is refused', () => {
  expect(mayRing(free, noon, { ...policy, testNumbers: [] })).toEqual({ kind: 'refuse', reason: 'not_a_test_number' });
});

test('outside of the window it is told when that opens', () => {
  expect(mayRing(free, noon, { ...policy, window: parseCallWindow('mon-sat 14:00-19:00') })).toEqual({
    kind: 'wait',
    reason: 'window_shut',
    until: new Date('2026-11-24T14:00:00+05:30'),
  });
});

test('a test call rings at once or not at all, and the leads behind it do not wait for it', () => {
  const lead = { ...free, testCall: null, phone: '+919000000001' };
  const steps = (...due: DialFacts[]) =>
    decideClaims(
      due.map((facts) => ({ facts })),
      noon,
      policy,
      10,
    ).map(({ step }) => ('reason' in step ? `${step.kind}: ${step.reason}` : step.kind));
  expect(steps({ ...free, numberInUse: { until: null } }, lead)).toEqual(['refuse: number_in_use', 'claim']);
  // Twice the same number: somebody ran the command twice.
  expect(steps(free, free, lead)).toEqual(['claim', 'refuse: number_in_use', 'claim']);
  const full = { slotsInUse: 10 };
  expect(steps({ ...free, ...full }, { ...lead, ...full })).toEqual(['refuse: no_free_slot']);
});
