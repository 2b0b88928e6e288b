import { expect, test } from 'vitest';
import { compare, toTable } from './figure-list.ts';

test('the ratio is the median of the pairs’ ratios, not the ratio of the medians', () => {
  // The machine was three times slower during the second pair.
  const pairs = [
    { theirs: 100, ours: 30 },
    { theirs: 300, ours: 90 },
    { theirs: 110, ours: 44 },
  ];
  expect(compare('productCpuMs', pairs)).toEqual({
    name: 'productCpuMs',
    theirs: 110,
    ours: 44,
    ratio: 0.3,
    met: true,
  });
});

test('a pair in which one was not seen is left out, and what nobody saw meets no goal', () => {
  expect(
    compare('statements', [
      { theirs: Number.NaN, ours: 10 },
      { theirs: 200, ours: 80 },
    ]),
  ).toMatchObject({
    theirs: 200,
    ours: 80,
    ratio: 0.4,
    met: false,
  });
  expect(compare('lockRoundTrips', [{ theirs: 40, ours: Number.NaN }])).toMatchObject({
    ratio: Number.NaN,
    met: false,
  });
  expect(compare('natsIn', [{ theirs: 48, ours: 24 }]).met).toBeUndefined();
});

test('goals from below and from above, of the ratio and of the figure itself', () => {
  const met = (name: Parameters<typeof compare>[0], theirs: number, ours: number): unknown =>
    compare(name, [{ theirs, ours }]).met;
  expect([met('phonesPerSecond', 10, 30), met('phonesPerSecond', 10, 29)]).toEqual([true, false]);
  expect([met('statements', 1, 70), met('statements', 1_000, 71)]).toEqual([true, false]);
  expect([met('acceptToPlain', 9, 2.7), met('acceptToPlain', 1, 2.6)]).toEqual([true, false]);
});

test('the table shows both, the ratio, the goal, and a dash for what was not seen', () => {
  const table = toTable(
    [
      compare('productCpuMs', [{ theirs: 300, ours: 100 }]),
      compare('lockRoundTrips', [{ theirs: 43, ours: Number.NaN }]),
      compare('natsStored', [{ theirs: 11.5, ours: 11.5 }]),
    ],
    { theirs: '84bfb0db', ours: 'this tree' },
  );
  expect(table.map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ['84bfb0db', 'this tree', 'ratio', 'goal'],
    ['product CPU, ms a call', '300.0', '100.0', '0.33', 'ratio ≤ 0.35, met'],
    ['round trips under the lock, one by one', '–', '–', '–', '≤ 4'],
    ['NATS messages stored, a call', '11.5', '11.5', '1.00'],
  ]);
});
