import { describe, expect, test } from 'vitest';
import { decideSettlement, maxFaults, retryDelayMs } from './decide-settlement.ts';
import { done, later, reject } from './outcome.ts';

describe('decideSettlement', () => {
  test.for([
    ['what is done is acknowledged', done, 0, 1, { kind: 'ack' }],
    [
      'what is rejected is a dead letter at its first delivery',
      reject('x'),
      0,
      1,
      { kind: 'dead_letter', because: 'x' },
    ],
    ['a first failure comes back', later('x', 'message'), 1, 1, { kind: 'retry', delayMs: 1_500 }],
    ['a given delay is kept', later('x', 'message', 70), 1, 1, { kind: 'retry', delayMs: 70 }],
    ['one fault below the cap comes back', later('x', 'message', 1), maxFaults - 1, 9, { kind: 'retry', delayMs: 1 }],
    [
      'faults of its own up to the cap make a dead letter',
      later('x', 'message', 1),
      maxFaults,
      maxFaults,
      { kind: 'dead_letter', because: 'x' },
    ],
    [
      'no number of deliveries through an outage makes a dead letter',
      later('x', 'elsewhere', 1),
      maxFaults,
      900,
      { kind: 'retry', delayMs: 1 },
    ],
  ] as const)('%s', ([, outcome, faults, deliveries, decision]) => {
    expect(decideSettlement(outcome, faults, deliveries, 0.5)).toEqual(decision);
  });
});

test.for([
  [1, 0, 1_000],
  [1, 1, 2_000],
  [4, 1, 16_000],
  [9, 1, 512_000],
  [10, 1, 600_000],
  [5_000, 0, 300_000],
] as const)('delivery %i with randomness %f waits %i ms', ([deliveries, random, ms]) => {
  expect(retryDelayMs(deliveries, random)).toBe(ms);
});
