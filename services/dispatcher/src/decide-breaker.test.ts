import { expect, test } from 'vitest';
import { decideBreaker, type Breaker, type BreakerSign } from './decide-breaker.ts';

const policy = { firstDelayMs: 5_000, longestDelayMs: 60_000 };
const closed: Breaker = { openUntil: null, delayMs: null, startupFailures: 0 };
const start = new Date('2026-11-24T06:30:00Z');

/** Each sign comes when the breaker of the one before is over. */
function after(signs: BreakerSign[]): { breaker: Breaker; delays: (number | null)[] } {
  let breaker = closed;
  let now = start;
  const delays: (number | null)[] = [];
  for (const sign of signs) {
    breaker = decideBreaker(breaker, sign, now, policy);
    delays.push(breaker.delayMs);
    now = new Date(Math.max(now.getTime() + 1, breaker.openUntil?.getTime() ?? 0));
  }
  return { breaker, delays };
}

test('it opens for 5 s and doubles to 60 s', () => {
  expect(after(Array.from({ length: 6 }, () => 'not_dialled' as const)).delays).toEqual([
    5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
});

test('several failures of one moment count once', () => {
  const first = decideBreaker(closed, 'not_dialled', start, policy);
  expect(decideBreaker(first, 'not_dialled', new Date(start.getTime() + 100), policy)).toEqual(first);
});

test('a dial that works closes it', () => {
  expect(after(['not_dialled', 'not_dialled', 'works']).breaker).toEqual(closed);
});

test('three agents in a row that do not come open it, and one that comes starts the count anew', () => {
  expect(after(['no_agent', 'no_agent']).breaker.openUntil).toBeNull();
  expect(after(['no_agent', 'no_agent', 'no_agent']).breaker.delayMs).toBe(5_000);
  expect(after(['no_agent', 'no_agent', 'agent_came', 'no_agent']).breaker.openUntil).toBeNull();
});

test('an agent that comes does not close it: no phone has rung yet', () => {
  expect(after(['not_dialled', 'agent_came']).breaker.delayMs).toBe(5_000);
});

test('a probe whose agent does not come opens it again, for longer', () => {
  expect(after(['not_dialled', 'no_agent']).breaker.delayMs).toBe(10_000);
});
