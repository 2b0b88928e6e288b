import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fromIndianIso,
  indianOffset,
  indianOffsetMinutes,
  indianZone,
  isMonth,
  toIndianDay,
  toIndianIso,
} from './indian-time.ts';

test.for([
  ['2026-10-31T18:29:59.999Z', '2026-10-31', '2026-10-31T23:59:59.999'],
  ['2026-10-31T18:30:00.000Z', '2026-11-01', '2026-11-01T00:00:00.000'],
  ['2026-12-31T20:00:00.000Z', '2027-01-01', '2027-01-01T01:30:00.000'],
] as const)('at %s it is %s in India', ([at, day, iso]) => {
  expect(toIndianDay(new Date(at))).toBe(day);
  expect(toIndianIso(new Date(at))).toBe(iso);
});

test('the fixed offset is the zone’s, in this century', () => {
  expect(indianOffset).toBe(`+0${Math.floor(indianOffsetMinutes / 60)}:${indianOffsetMinutes % 60}`);
  const there = new Intl.DateTimeFormat('sv-SE', { timeZone: indianZone, dateStyle: 'short', timeStyle: 'medium' });
  const dates = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (at) => {
      expect(toIndianIso(at).slice(0, 19).replace('T', ' ')).toBe(there.format(at));
      expect(fromIndianIso(toIndianIso(at))).toEqual(at);
    }),
  );
});

test.for([
  ['2026-10', true],
  ['2026-13', false],
  ['2026-1', false],
  ['1999-10', false],
] as const)('%s as a month: %s', ([text, good]) => expect(isMonth(text)).toBe(good));
