import { expect, test } from 'vitest';
import { addDays, addMonths, daysOfMonth, isDay, isMonth, istDay } from './ist.ts';

test.for([
  ['2026-10-31T18:29:59.999Z', '2026-10-31'],
  ['2026-10-31T18:30:00.000Z', '2026-11-01'],
  ['2026-12-31T18:30:00.000Z', '2027-01-01'],
  ['2028-02-28T18:30:00.000Z', '2028-02-29'],
] as const)('%s belongs to %s in India', ([at, day]) => {
  expect(istDay(new Date(at))).toBe(day);
});

test('months and days are counted over the edges of years', () => {
  expect(addMonths('2026-01', -1)).toBe('2025-12');
  expect(addMonths('2026-12', 1)).toBe('2027-01');
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(daysOfMonth('2028-02').length).toBe(29);
  expect(daysOfMonth('2026-11').at(-1)).toBe('2026-11-30');
});

test('what is no month or day is told', () => {
  expect(['2026-10', '2026-00', '2026-13', '26-10', '2026-1'].filter(isMonth)).toEqual(['2026-10']);
  expect(['2026-10-31', '2026-02-30', '2026-1-1', 'today'].filter(isDay)).toEqual(['2026-10-31']);
});
