import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOutsideTime, toOutsideInstant } from './outside-time.ts';

test.for<[string | number, string | null]>([
  ['2026-12-01T17:00:00+05:30', '2026-12-01T11:30:00.000Z'],
  ['2026-12-01T17:00:00', '2026-12-01T11:30:00.000Z'],
  ['2026-12-01 17:00', '2026-12-01T11:30:00.000Z'],
  ['2026-12-01T17:00:00 IST', '2026-12-01T11:30:00.000Z'],
  ['2026-12-01T17:00:00+0530', '2026-12-01T11:30:00.000Z'],
  ['2026-12-01T17:00:00.250Z', '2026-12-01T17:00:00.250Z'],
  ['2026-12-01T17:00:00-05', '2026-12-01T22:00:00.000Z'],
  ['2026-12-01T17:00:00+05:30[Asia/Kolkata]', '2026-12-01T11:30:00.000Z'],
  [1_796_123_456, '2026-12-01T11:10:56.000Z'],
  ['1796123456000', '2026-12-01T11:10:56.000Z'],
  ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
  ['2099-12-31T23:59:59Z', '2099-12-31T23:59:59.000Z'],
  ['0001-01-01T00:00:00+05:30', null],
  ['1970-01-01T00:00:00Z', null],
  ['2000-01-01T00:00:00+05:30', null],
  ['2100-01-01T00:00:00Z', null],
  ['9999-12-31T23:59:59Z', null],
  ['2026-02-30T10:00:00Z', null],
  ['2026-12-01T24:30:00Z', null],
  ['2026-12-01', null],
  ['tomorrow 5 pm', null],
  ['', null],
])('%s is %s', ([written, instant]) => {
  expect(toOutsideInstant(written)?.toISOString() ?? null).toBe(instant);
});

test('a time that is none of our days is told apart from words', () => {
  expect(readOutsideTime('0001-01-01T00:00:00+05:30')).toEqual({ kind: 'out_of_days' });
  expect(readOutsideTime('kal shaam ko')).toEqual({ kind: 'words' });
});

test('whatever is read lies between 2000 and 2099, and is read the same again', () => {
  const written = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
    fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/),
  );
  fc.assert(
    fc.property(written, (text) => {
      const at = toOutsideInstant(text);
      if (at === null) return;
      expect(at.getUTCFullYear()).toBeGreaterThanOrEqual(2000);
      expect(at.getUTCFullYear()).toBeLessThanOrEqual(2099);
      expect(toOutsideInstant(at.toISOString())).toEqual(at);
    }),
    { numRuns: 2_000 },
  );
});
