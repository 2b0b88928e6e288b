import { describe, expect, test } from 'vitest';
import { isOpen, nextOpening, parseCallWindow } from './call-window.ts';

const weekdays = parseCallWindow('mon-sat 09:30-19:00');
/** Tue 24 Nov 2026, by the clock in India. */
const ist = (time: string, day = 24): Date => new Date(`2026-11-${day}T${time}:00+05:30`);
const minute = 60_000;

test.for([
  ['09:29', false],
  ['09:30', true],
  ['12:00', true],
  ['18:58', true],
  ['18:59', false],
  ['19:00', false],
])('a two-minute ring at %s is allowed: %s', ([time, open]) => {
  expect(isOpen(weekdays, ist(time as string), 2 * minute)).toBe(open);
});

test('nobody is rung on a day that is not in the window', () => {
  expect(isOpen(weekdays, ist('12:00', 29), minute)).toBe(false);
});

test('after closing, the next opening is the next morning, and after Saturday it is Monday', () => {
  expect(nextOpening(weekdays, ist('19:30'), minute)).toEqual(ist('09:30', 25));
  expect(nextOpening(weekdays, ist('19:30', 28), minute)).toEqual(ist('09:30', 30));
});

test('while it is open the next opening is now, and before it opens the same morning', () => {
  expect(nextOpening(weekdays, ist('12:00'), minute)).toEqual(ist('12:00'));
  expect(nextOpening(weekdays, ist('05:00'), minute)).toEqual(ist('09:30'));
});

test('a Sunday in India that is still Saturday in UTC is a Sunday', () => {
  expect(isOpen(parseCallWindow('daily 09:00-21:00'), new Date('2026-11-28T20:00:00Z'), minute)).toBe(false);
  expect(nextOpening(weekdays, new Date('2026-11-28T20:00:00Z'), minute)).toEqual(ist('09:30', 30));
});

describe('a setting that can not be meant', () => {
  test.for([
    ['mon-sat 08:00-19:00', /09:00-21:00/],
    ['mon-sat 09:00-21:30', /09:00-21:00/],
    ['mon-sat 19:00-09:30', /begin before/],
    ['mon-sat 10:00-10:75', /begin before/],
    ['montag 10:00-11:00', /day/],
    ['10:00-11:00', /look like/],
    ['', /look like/],
  ] as [string, RegExp][])('%s is refused', ([text, why]) => {
    expect(() => parseCallWindow(text)).toThrow(why);
  });
});

test('days may be listed, and may wrap around the week', () => {
  expect(isOpen(parseCallWindow('mon,wed 10:00-11:00'), ist('10:30', 25), minute)).toBe(true);
  expect(isOpen(parseCallWindow('mon,wed 10:00-11:00'), ist('10:30', 24), minute)).toBe(false);
  expect(isOpen(parseCallWindow('sat-mon 10:00-11:00'), ist('10:30', 29), minute)).toBe(true);
});
