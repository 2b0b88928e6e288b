import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideBreaker, knowsNoNumber, type Breaker, type BreakerSign, type SentDial } from './decide-breaker.ts';

const policy = { firstDelayMs: 5_000, longestDelayMs: 60_000 };
const closed: Breaker = { openUntil: null, delayMs: null, startupFailures: 0, unknownNumbers: [] };
const start = new Date('2026-11-24T06:30:00Z');

const works: BreakerSign = { kind: 'works' };
const agentCame: BreakerSign = { kind: 'agent_came' };
const noAgent: BreakerSign = { kind: 'no_agent' };
const notDialled: BreakerSign = { kind: 'not_dialled' };

/** The n-th dial, sent n seconds after the start, to a number of its own unless another is given. */
const sent = (n: number, number = `number ${n}`): SentDial => ({
  callId: n,
  number,
  sentAt: new Date(start.getTime() + n * 1_000),
});
const unknown = (n: number, number?: string): BreakerSign => ({ kind: 'no_such_number', dial: sent(n, number) });
const reached = (n: number): BreakerSign => ({ kind: 'reached', dial: sent(n) });
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);

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
  expect(after(Array.from({ length: 6 }, () => notDialled)).delays).toEqual([
    5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
});

test('several failures of one moment count once', () => {
  const first = decideBreaker(closed, notDialled, start, policy);
  expect(decideBreaker(first, notDialled, new Date(start.getTime() + 100), policy)).toEqual(first);
});

test('a dial that works closes it', () => {
  expect(after([notDialled, notDialled, works]).breaker).toEqual(closed);
});

test('three agents in a row that do not come open it, and one that comes starts the count anew', () => {
  expect(after([noAgent, noAgent]).breaker.openUntil).toBeNull();
  expect(after([noAgent, noAgent, noAgent]).breaker.delayMs).toBe(5_000);
  expect(after([noAgent, noAgent, agentCame, noAgent]).breaker.openUntil).toBeNull();
});

test('an agent that comes does not close it: no phone has rung yet', () => {
  expect(after([notDialled, agentCame]).breaker.delayMs).toBe(5_000);
});

test('a probe whose agent does not come opens it again, for longer', () => {
  expect(after([notDialled, noAgent]).breaker.delayMs).toBe(10_000);
});

test.for<[name: string, signs: BreakerSign[], delayMs: number | null]>([
  ['four unknown numbers', upTo(4).map((n) => unknown(n)), null],
  ['five', upTo(5).map((n) => unknown(n)), 5_000],
  ['five dials to four numbers', [...upTo(4).map((n) => unknown(n)), unknown(5, 'number 1')], null],
  ['five with one reached between', [...upTo(3).map((n) => unknown(n)), reached(4), unknown(5), unknown(6)], null],
  [
    'five, while a phone that rang before them is answered',
    [...upTo(4, 2).map((n) => unknown(n)), reached(1), ...[5, 6].map((n) => unknown(n))],
    5_000,
  ],
  ['five with another SIP code between', [unknown(1), unknown(2), works, ...upTo(6, 4).map((n) => unknown(n))], 5_000],
  [
    'five with dials that never left between',
    [unknown(1), notDialled, noAgent, agentCame, ...upTo(5, 2).map((n) => unknown(n))],
    5_000,
  ],
  ['a probe to a sixth', upTo(6).map((n) => unknown(n)), 10_000],
  [
    'probes to one of the five',
    [...upTo(5).map((n) => unknown(n)), ...upTo(7, 6).map((n) => unknown(n, 'number 1'))],
    20_000,
  ],
  ['a probe that gets another SIP code', [...upTo(5).map((n) => unknown(n)), works], 10_000],
  ['a probe that reaches somebody', [...upTo(5).map((n) => unknown(n)), reached(6)], null],
  ['a phone that rang before the five', [...upTo(6, 2).map((n) => unknown(n)), reached(1)], 5_000],
  ['one after a probe that reached somebody', [...upTo(5).map((n) => unknown(n)), reached(6), unknown(7)], null],
])('%s', ([_name, signs, delayMs]) => {
  expect(after(signs).breaker.delayMs).toBe(delayMs);
});

test('one unknown number still shows that the bridge works', () => {
  expect(after([notDialled, unknown(1)]).breaker).toEqual({ ...closed, unknownNumbers: [sent(1)] });
});

test('it is open exactly while five numbers were unknown since anybody was reached, and forgets none of these dials', () => {
  const anySign = fc.oneof(
    { weight: 6, arbitrary: fc.record({ unknownNumber: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ reachedBefore: fc.integer({ min: 0, max: 12 }) }) },
    { weight: 1, arbitrary: fc.constantFrom(works, agentCame) },
  );
  fc.assert(
    fc.property(fc.array(anySign, { maxLength: 40 }), (signs) => {
      let breaker = closed;
      let unknownDials: SentDial[] = [];
      for (const [index, sign] of signs.entries()) {
        const n = index + 1;
        const now = new Date((breaker.openUntil ?? start).getTime() + 1_000);
        if ('unknownNumber' in sign) {
          const dial = sent(n, `number ${sign.unknownNumber}`);
          unknownDials.push(dial);
          breaker = decideBreaker(breaker, { kind: 'no_such_number', dial }, now, policy);
        } else if ('reachedBefore' in sign) {
          const dial = sent(Math.max(0, n - sign.reachedBefore));
          unknownDials = unknownDials.filter(({ sentAt }) => sentAt > dial.sentAt);
          breaker = decideBreaker(breaker, { kind: 'reached', dial }, now, policy);
        } else breaker = decideBreaker(breaker, sign, now, policy);
        const isOpen = new Set(unknownDials.map(({ number }) => number)).size >= 5;
        expect(breaker.delayMs !== null).toBe(isOpen);
        expect(knowsNoNumber(breaker)).toBe(isOpen);
        if (!isOpen) expect(breaker.unknownNumbers).toEqual(unknownDials);
        // Older probes of a number were put back when they ended.
        else expect(breaker.unknownNumbers.at(-1)).toEqual(unknownDials.at(-1));
      }
    }),
  );
});
