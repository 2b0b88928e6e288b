import { expect, test } from 'vitest';
import { toDurationMs, toInstant } from './to-instant.ts';

// 01:35 of the 25th in India.
const now = new Date('2026-11-24T20:05:00Z');

test.for([
  ['15m', '2026-11-24T19:50:00.000Z'],
  ['90s', '2026-11-24T20:03:30.000Z'],
  ['1h30m', '2026-11-24T18:35:00.000Z'],
  ['2d', '2026-11-22T20:05:00.000Z'],
  ['00:30', '2026-11-24T19:00:00.000Z'],
  ['9:05', '2026-11-25T03:35:00.000Z'],
  ['10:30:15', '2026-11-25T05:00:15.000Z'],
  ['2026-11-24', '2026-11-23T18:30:00.000Z'],
  ['2026-11-24 10:30', '2026-11-24T05:00:00.000Z'],
  ['2026-11-24T10:30', '2026-11-24T05:00:00.000Z'],
  ['2026-11-24T10:30:00Z', '2026-11-24T10:30:00.000Z'],
  ['2026-11-24T10:30:00.250+01:00', '2026-11-24T09:30:00.250Z'],
] as const)('"%s" is meant as %s', ([text, instant]) => {
  expect(toInstant(text, now)?.toISOString()).toBe(instant);
});

test.for(['', '15', '15 m', 'm15', 'yesterday', '24:30', '10:75', '2026-13-01', '2026-02-31', '24.11.2026', '-15m'])(
  '"%s" is no time',
  (text) => {
    expect(toInstant(text, now)).toBeUndefined();
  },
);

test('durations add up', () => {
  expect(toDurationMs('1d2h3m4s')).toBe(93_784_000);
});
