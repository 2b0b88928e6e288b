import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOpen, parseCallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import { decideKept, decideRequest, dueOfPromise, keptUntil, type CallbackRequest } from './decide-promise.ts';

const policy = {
  window: parseCallWindow('mon-sat 09:00-21:00'),
  ringSeconds: 30,
  latestInviteMs: 10_000,
  promiseToleranceMs: 300_000,
  maxPromises: 3,
};
/** A time of 25 November 2026, a Wednesday, in India. */
const at = (time: string, day = 25): Date => new Date(`2026-11-${day}T${time}+05:30`);
const asked = (more: Partial<CallbackRequest>): CallbackRequest => ({
  at: at('18:00:00'),
  keptBy: 'agent',
  saidAt: at('11:00:00'),
  ...more,
});
const lead = { doNotCall: false, isTestCall: false, isWrongNumber: false, promisesBefore: 0 };
const instants = fc.date({ min: at('00:00:00', 10), max: at('23:59:59', 30), noInvalidDate: true });

test('a time in the window is promised to the minute, without jitter', () => {
  expect(decideRequest(asked({}), lead, policy)).toEqual({ kind: 'promise', dueAt: at('18:00:00') });
});

test.for<[string, Date]>([
  ['20:58:00', at('20:58:00')],
  ['20:59:30', at('09:00:00', 26)],
  ['21:02:00', at('09:00:00', 26)],
])(
  'a time near the end of the window, %s, is the next opening where no phone could ring until it shuts',
  ([time, due]) => {
    expect(decideRequest(asked({ at: at(time) }), lead, policy)).toEqual({ kind: 'promise', dueAt: due });
  },
);

test('a Sunday’s promise is Monday’s opening', () => {
  const decision = decideRequest(asked({ at: at('12:00:00', 29) }), lead, policy);
  expect(decision).toEqual({ kind: 'promise', dueAt: at('09:00:00', 30) });
});

test.for<[string, Partial<CallbackRequest>, Partial<typeof lead>, unknown]>([
  ['never again', {}, { doNotCall: true }, { kind: 'refuse', because: 'do_not_call' }],
  ['never again, to a person', { keptBy: 'person' }, { doNotCall: true }, { kind: 'refuse', because: 'do_not_call' }],
  ['a person calls', { keptBy: 'person', at: null }, {}, { kind: 'to_person' }],
  ['no time', { at: null }, {}, { kind: 'refuse', because: 'no_time' }],
  ['yesterday', { at: at('18:00:00', 24) }, {}, { kind: 'refuse', because: 'time_over' }],
  ['in two years', { at: new Date('2028-11-25T12:30:00Z') }, {}, { kind: 'refuse', because: 'too_far' }],
  ['the fourth time', {}, { promisesBefore: 3 }, { kind: 'refuse', because: 'too_many' }],
])('%s', ([_name, request, more, decision]) => {
  expect(decideRequest(asked(request), { ...lead, ...more }, policy)).toEqual(decision);
});

test('a time that has passed since it was said is due at once: it is late, not forgotten', () => {
  const decision = decideRequest(asked({ saidAt: at('10:00:00'), at: at('10:01:00') }), lead, policy);
  expect(decision).toEqual({ kind: 'promise', dueAt: at('10:01:00') });
});

test.for<[string, Date, Date]>([
  ['in the day', at('18:00:00'), at('18:05:00')],
  ['at night', at('21:02:00'), at('09:05:00', 26)],
  // Two minutes are no five: who is not rung in them is rung at the opening.
  ['as the window shuts', at('20:58:00'), at('09:05:00', 26)],
])('a promise %s is kept until', ([_name, promised, until]) => {
  expect(keptUntil(promised, policy)).toEqual(until);
});

test('no promise can be missed before it could be kept: its last moment lies in the window, and after its time', () => {
  fc.assert(
    fc.property(instants, (promised) => {
      const until = keptUntil(promised, policy);
      expect(until.getTime()).toBeGreaterThanOrEqual(promised.getTime() + policy.promiseToleranceMs);
      expect(isOpen(policy.window, until, ringWindowMs(policy))).toBe(true);
    }),
  );
});

test('a dial in time keeps it, a late one misses it, and one that never left leaves it waiting', () => {
  const dial = { sentAt: at('18:00:02'), wasNotDialled: false, failedBefore: 0 };
  expect(decideKept(at('18:00:00'), dial, policy)).toEqual({ state: 'kept', why: null });
  const late = { ...dial, sentAt: at('18:05:01') };
  expect(decideKept(at('18:00:00'), late, policy)).toEqual({ state: 'missed', why: 'late' });
  expect(decideKept(at('18:00:00'), { ...dial, wasNotDialled: true }, policy)).toEqual({ state: 'waiting' });
  expect(decideKept(at('18:00:00'), { ...dial, sentAt: null }, policy)).toEqual({ state: 'waiting' });
  const often = { ...dial, wasNotDialled: true, failedBefore: 10 };
  expect(decideKept(at('18:00:00'), often, policy)).toEqual({ state: 'missed', why: 'not_dialled' });
});

test('whatever a dial was put back for, its promise is never due before its time, nor at night', () => {
  fc.assert(
    fc.property(instants, fc.option(instants), (promised, notBefore) => {
      const dueAt = keptUntil(promised, policy);
      const due = dueOfPromise({ dueAt }, notBefore, policy);
      expect(due.at.getTime()).toBeGreaterThanOrEqual(dueAt.getTime());
      expect(isOpen(policy.window, due.at, ringWindowMs(policy))).toBe(true);
      expect(due.isMoved).toBe(due.at.getTime() > Math.max(dueAt.getTime(), notBefore?.getTime() ?? 0));
    }),
  );
});

test('a test call promises nothing, whoever would keep it', () => {
  for (const keptBy of ['agent', 'person'] as const)
    expect(decideRequest(asked({ keptBy }), { ...lead, isTestCall: true }, policy)).toEqual({
      kind: 'refuse',
      because: 'test_call_over',
    });
});
