import { expect, test } from 'vitest';
import { toCallMinutes, toFigures, noCalls, type CallFacts } from './minutes-rule.ts';

const call = (more: Partial<CallFacts>): CallFacts => ({
  id: 1,
  leadId: 1,
  source: 'website',
  mode: 'sarvam',
  status: 'called',
  failureReason: null,
  startedAt: new Date('2026-10-31T18:29:59.999Z'),
  durationSeconds: null,
  lengthMicros: null,
  talkMicros: null,
  answered: false,
  answeredBy: null,
  disposition: null,
  ...more,
});

test.for([
  ['a recorded duration', { durationSeconds: 61, lengthMicros: 99e6 }, 61e6, false],
  ['a recorded duration of nothing', { durationSeconds: 0, lengthMicros: 99e6 }, 0, false],
  ['else the end minus the start', { lengthMicros: 12_500_000 }, 12_500_000, false],
  ['a success without either: the estimate', {}, null, true],
  ['a pushed one likewise', { status: 'pushed' }, null, true],
  ['a failure without either: nothing', { status: 'failed' }, null, false],
  ['a failure of known length', { status: 'failed', durationSeconds: 5 }, 5e6, false],
  ['one in progress: nothing yet', { status: 'calling', durationSeconds: 5 }, null, false],
  ['a status that nobody knows: nothing', { status: 'paused', durationSeconds: 5 }, null, false],
] as const)('%s', ([, facts, countedMicros, estimated]) => {
  expect(toCallMinutes(call(facts), 60)).toMatchObject({ countedMicros, estimated, day: '2026-10-31' });
});

test.for([
  [0, 0],
  [1, 1],
  [59_999_999, 1],
  [60_000_000, 1],
  [60_000_001, 2],
  [-5, 0],
] as const)('%i µs of talk are %i pulses of a minute', ([talkMicros, pulses]) => {
  expect(toCallMinutes(call({ talkMicros }), 60).pulses).toBe(pulses);
});

test('a reason outside the closed list is failed, and a blank source is unknown', () => {
  expect(toCallMinutes(call({ status: 'failed', failureReason: 'Busy!', source: ' ', mode: null }), 60)).toMatchObject({
    outcome: 'failed',
    source: 'unknown',
    mode: 'unknown',
  });
  expect(toCallMinutes(call({ status: 'failed', failureReason: 'no_answers' }), 60).outcome).toBe('no_answers');
});

test('cost is of pulses, and per qualified lead only where there is one', () => {
  const rates = { estimateMinutes: 3, rupeesPerPulse: 0.9 };
  const sum = {
    ...noCalls,
    calls: 4,
    qualified: 2,
    countedMicros: 90e6,
    estimatedCalls: 1,
    talkMicros: 70e6,
    pulses: 5,
  };
  expect(toFigures(sum, rates)).toMatchObject({
    minutes: 4.5,
    estimatedMinutes: 3,
    rupees: 4.5,
    rupeesPerQualified: 2.25,
  });
  expect(toFigures(noCalls, rates)).toMatchObject({ minutes: 0, rupees: 0, rupeesPerQualified: undefined });
});

test('a machine took it only where nobody gave answers, and its minutes count like all', () => {
  const minutes = (more: Partial<CallFacts>) => toCallMinutes(call({ ...more }), 60);
  expect(minutes({ status: 'failed', failureReason: 'unanswered', answeredBy: 'voicemail' })).toMatchObject({
    outcome: 'unanswered',
    answeredBy: 'voicemail',
  });
  expect(minutes({ status: 'called', answeredBy: 'voicemail' }).answeredBy).toBeNull();
  expect(minutes({ status: 'pushed', answeredBy: 'human' }).answeredBy).toBe('human');
  expect(minutes({ status: 'failed', answeredBy: 'elephant' }).answeredBy).toBeNull();
});
