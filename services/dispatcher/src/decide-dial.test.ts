import { describe, expect, test } from 'vitest';
import { dialPolicy as policy, freeLead as free, noon } from '../test/dial-facts.ts';
import { decideDial, mayRing, type DialFacts } from './decide-dial.ts';

const minutes = (n: number): Date => new Date(noon.getTime() + n * 60_000);
const verdict = (facts: DialFacts, now = noon): string => {
  const decision = decideDial(facts, now, policy);
  return decision.kind === 'dial'
    ? `dial${decision.probe ? ' as a probe' : ''}`
    : `${decision.kind}: ${decision.reason}`;
};

test.for([
  ['nothing in the way', free, 'dial'],
  ['retry_after past', { ...free, lead: { ...free.lead, retryAfter: minutes(-1) } }, 'dial'],
  ['retry_after ahead', { ...free, lead: { ...free.lead, retryAfter: minutes(1) } }, 'not_due: retry_later'],
  ['dispatched', { ...free, lead: { ...free.lead, status: 'dispatched' } }, 'not_due: not_new'],
  ['failed', { ...free, lead: { ...free.lead, status: 'failed' } }, 'not_due: not_new'],
  ['an unknown status', { ...free, lead: { ...free.lead, status: 'odd' } }, 'not_due: not_new'],
  ['an undecided call', { ...free, hasUndecidedCall: true }, 'not_due: call_in_progress'],
  ['no mobile number', { ...free, phone: undefined }, 'refuse: invalid_number'],
  ['do-not-call', { ...free, doNotCall: true }, 'refuse: do_not_call'],
  ['a wrong number', { ...free, disposition: 'wrong_number' }, 'refuse: wrong_number'],
  [
    'a wrong number, told while its retry waits',
    { ...free, disposition: 'wrong_number', lead: { ...free.lead, retryAfter: minutes(9) } },
    'refuse: wrong_number',
  ],
  ['a disposition that closes nothing', { ...free, disposition: 'language_barrier' }, 'dial'],
  ['a wrong number with answers', { ...free, disposition: 'wrong_number', hasAnswers: true }, 'refuse: answered'],
  ['answers are there', { ...free, hasAnswers: true }, 'refuse: answered'],
  [
    'do-not-call with a retry ahead',
    { ...free, doNotCall: true, lead: { ...free.lead, retryAfter: minutes(9) } },
    'refuse: do_not_call',
  ],
  ['too old', { ...free, lead: { ...free.lead, enquiredAt: minutes(-7 * 1440 - 1) } }, 'refuse: too_old'],
  [
    'too old, but an operator asked again',
    { ...free, lead: { ...free.lead, enquiredAt: minutes(-90 * 1440), askedAgainAt: minutes(-1) } },
    'dial',
  ],
  [
    'too old, but the buyer asked again',
    { ...free, lead: { ...free.lead, enquiredAt: minutes(-8 * 1440), lastEnquiryAt: minutes(-1440) } },
    'dial',
  ],
  ['a talk of a moment ago', { ...free, talkedAt: minutes(-1) }, 'wait: talked_recently'],
  [
    'a talk of a moment ago with a retry ahead',
    { ...free, talkedAt: minutes(-1), lead: { ...free.lead, retryAfter: minutes(9) } },
    'wait: talked_recently',
  ],
  [
    'a talk of a moment ago while dialling is stopped',
    { ...free, talkedAt: minutes(-1), control: { ...free.control, stopped: true } },
    'wait: talked_recently',
  ],
  ['a talk that the pause is over for', { ...free, talkedAt: minutes(-1441) }, 'dial'],
  [
    'a talk of a moment ago, and an operator who asks for a call since',
    { ...free, talkedAt: minutes(-9), lead: { ...free.lead, askedAgainAt: minutes(-1) } },
    'dial',
  ],
  [
    'a talk after the operator had asked',
    { ...free, talkedAt: minutes(-1), lead: { ...free.lead, askedAgainAt: minutes(-9) } },
    'wait: talked_recently',
  ],
  ['do-not-call after a talk', { ...free, talkedAt: minutes(-1), doNotCall: true }, 'refuse: do_not_call'],
  ['a test of the connection', { ...free, isTest: true }, 'refuse: test_lead'],
  ['a number that its vendor says is on a list', { ...free, dndFlag: true }, 'refuse: dnd_listed'],
  ['the stop switch', { ...free, control: { ...free.control, stopped: true } }, 'wait: stopped'],
  [
    'the breaker open',
    { ...free, control: { ...free.control, breakerTripped: true, breakerOpenUntil: minutes(1) } },
    'wait: breaker_open',
  ],
  [
    'the breaker past its end',
    { ...free, control: { ...free.control, breakerTripped: true, breakerOpenUntil: minutes(-1) } },
    'dial as a probe',
  ],
  [
    'a probe on its way',
    {
      ...free,
      control: { ...free.control, breakerTripped: true, breakerOpenUntil: minutes(-1), probedAt: minutes(-1) },
    },
    'wait: breaker_open',
  ],
  [
    'a probe that was lost with its dispatcher',
    {
      ...free,
      control: { ...free.control, breakerTripped: true, breakerOpenUntil: minutes(-2), probedAt: minutes(-2) },
    },
    'dial as a probe',
  ],
  ['a report that nobody could hear', { ...free, unheardReport: true }, 'wait: report_unheard'],
  ['the number in use', { ...free, numberInUse: { until: null } }, 'wait: number_in_use'],
  ['all slots in use', { ...free, slotsInUse: 10 }, 'wait: no_free_slot'],
  ['the last slot free', { ...free, slotsInUse: 9 }, 'dial'],
] as [string, DialFacts, string][])('%s: %s', ([_name, facts, expected]) => {
  expect(verdict(facts)).toBe(expected);
});

test('outside of the window a lead waits for the next opening', () => {
  const night = new Date('2026-11-24T22:00:00+05:30');
  expect(decideDial(free, night, policy)).toEqual({
    kind: 'wait',
    reason: 'window_shut',
    until: new Date('2026-11-25T09:30:00+05:30'),
  });
});

test('a ring that could begin 65 s late and last its limit must end inside the window', () => {
  expect(verdict(free, new Date('2026-11-24T18:58:25+05:30'))).toBe('dial');
  expect(verdict(free, new Date('2026-11-24T18:58:26+05:30'))).toBe('wait: window_shut');
});

test('the permit asks the same again, without the claim that stands already', () => {
  const claimed = { ...free, hasUndecidedCall: true, lead: { ...free.lead, retryAfter: minutes(1440) } };
  expect(mayRing(claimed, noon, policy)).toEqual({ kind: 'dial', probe: false });
  expect(mayRing({ ...claimed, doNotCall: true }, noon, policy)).toEqual({ kind: 'refuse', reason: 'do_not_call' });
});

test('the pause ends its time after the talk, the permit asks for it too, and without hours there is none', () => {
  const talked = { ...free, talkedAt: minutes(-60) };
  expect(mayRing(talked, noon, policy)).toEqual({ kind: 'wait', reason: 'talked_recently', until: minutes(23 * 60) });
  expect(mayRing(talked, noon, { ...policy, contactPauseMs: 0 })).toMatchObject({ kind: 'dial' });
});

describe('a promise', () => {
  const promised = { dueAt: new Date(noon.getTime() - 1_000), talkedAt: null };
  const old = { ...free.lead, enquiredAt: new Date(noon.getTime() - 30 * 86_400_000) };

  test('lifts answers, age and the pause for its own dial', () => {
    const asked = {
      ...free,
      lead: old,
      promise: promised,
      hasAnswers: true,
      talkedAt: new Date(noon.getTime() - 1_000),
    };
    expect(decideDial(asked, noon, { ...policy, contactPauseMs: 3_600_000 })).toEqual({ kind: 'dial', probe: false });
    expect(mayRing({ ...asked, promise: null }, noon, policy)).toEqual({ kind: 'refuse', reason: 'answered' });
  });

  test('lifts nothing before its time, and is told then', () => {
    const dueAt = new Date(noon.getTime() + 60_000);
    const asked = { ...free, lead: old, promise: { ...promised, dueAt }, hasAnswers: true };
    expect(decideDial(asked, noon, policy)).toEqual({ kind: 'not_due', reason: 'promised_later', until: dueAt });
    expect(mayRing(asked, noon, policy)).toEqual({ kind: 'refuse', reason: 'answered' });
  });

  test.for<[Partial<DialFacts>, string]>([
    [{ phone: undefined }, 'invalid_number'],
    [{ dndFlag: true }, 'dnd_listed'],
    [{ doNotCall: true }, 'do_not_call'],
  ])('never lifts what the person is spared for: %j', ([more, reason]) => {
    expect(decideDial({ ...free, promise: promised, ...more }, noon, policy)).toEqual({ kind: 'refuse', reason });
  });

  test('waits for the stop switch, and rings in the window only', () => {
    const stopped = { ...free, promise: promised, control: { ...free.control, stopped: true } };
    expect(decideDial(stopped, noon, policy)).toMatchObject({ kind: 'wait', reason: 'stopped' });
    const night = new Date('2026-11-24T22:00:00+05:30');
    expect(decideDial({ ...free, promise: promised }, night, policy)).toMatchObject({ reason: 'window_shut' });
  });

  test('is kept by a talk about another lead at that time', () => {
    const asked = { ...free, hasAnswers: true, promise: { ...promised, talkedAt: new Date(noon.getTime() - 500) } };
    expect(decideDial(asked, noon, policy)).toEqual({ kind: 'refuse', reason: 'answered' });
    const before = { ...asked, promise: { ...promised, talkedAt: new Date(noon.getTime() - 3_600_000) } };
    expect(decideDial(before, noon, policy)).toMatchObject({ kind: 'dial' });
  });
});
