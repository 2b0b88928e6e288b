import { expect, test } from 'vitest';
import { quantileOf, toSpeedBucket } from './speed-buckets.ts';

const countsOf = (waits: number[]) => waits.map((wait) => ({ bucket: toSpeedBucket(wait), leads: 1 }));

test.for([150, 1_000, 4_321, 60_000, 7_200_000])('a median of %i ms is told within a hundredth', (wait) => {
  const median = quantileOf(countsOf([wait / 10, wait, wait * 10]), 0.5) ?? 0;
  expect(Math.abs(median / wait - 1)).toBeLessThan(0.0101);
});

test('nine of ten waited no longer than p90', () => {
  const p90 = quantileOf(countsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((seconds) => seconds * 1_000)), 0.9) ?? 0;
  expect(Math.abs(p90 / 9_000 - 1)).toBeLessThan(0.0101);
});

test('nobody waited: nothing is told, and less than nothing counts as none', () => {
  expect(quantileOf([], 0.5)).toBeUndefined();
  expect(quantileOf([{ bucket: 5, leads: 0 }], 0.5)).toBeUndefined();
  expect(toSpeedBucket(-20)).toBe(0);
});
