import { expect, test } from 'vitest';
import { addDays, addMonths, daysOfMonth, isDay } from './calendar.ts';

test('months and days are counted over the edges of years', () => {
  expect(addMonths('2026-01', -1)).toBe('2025-12');
  expect(addMonths('2026-12', 1)).toBe('2027-01');
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(daysOfMonth('2028-02').length).toBe(29);
  expect(daysOfMonth('2026-11').at(-1)).toBe('2026-11-30');
});

test('what is no day is told', () => {
  expect(['2026-10-31', '2026-02-30', '2026-1-1', 'today'].filter(isDay)).toEqual(['2026-10-31']);
});
