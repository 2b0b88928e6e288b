import { expect, test } from 'vitest';
import { toIndianTime } from './to-indian-time.ts';

const morning = '2026-11-30T03:45:00.000Z';

test.for([
  ['2026-11-30 09:15:00', morning],
  ['30/11/2026 9:15', morning],
  ['30-Nov-2026 09:15 am', morning],
  ['30th November 2026, 9:15 AM', morning],
  ['Nov 30, 2026 9:15 AM', morning],
  ['2026-11-30 09:15:00 IST', morning],
  ['2026-11-30 09:15:00 +0530 IST', morning],
  ['2026-11-30T09:15:00+05:30[Asia/Kolkata]', morning],
  ['30/11/2026 09:15 GMT+5:30', morning],
  ['Mon Nov 30 2026 09:15:00 GMT+0530 (India Standard Time)', morning],
  ['Mon, 30 Nov 2026 03:45:00 GMT', morning],
  ['2026-11-29T21:45:00-06:00', morning],
  ['30/11/26 9:15', morning],
  ['30-Nov-26', '2026-11-29T18:30:00.000Z'],
  ['46356.385416666664', morning],
  ['46356', '2026-11-29T18:30:00.000Z'],
  ['20261130091500', morning],
  ['३०/११/२०२६ ९:१५', morning],
  ['2026-11-30 03:45:00 +0000 UTC', morning],
  ['9:15 AM, 30 Nov 2026', morning],
  ['12345', null],
  ['11/29/2026 19:45 PST', null],
  ['30/11/2026 09:15 XYZ', null],
  ['11/30/2026', null],
  ['31/02/2026', null],
  ['1900/01/01', null],
  ['soon', null],
] as const)('%s is %s', ([written, expected]) => {
  expect(toIndianTime(written)?.toISOString() ?? null).toBe(expected);
});

test.for([
  ['11/30/2026 9:15:00', morning],
  ['11/05/2026 18:20:11', '2026-11-05T12:50:11.000Z'],
  ['11/29/2026 19:45 PST', morning],
  ['11/30/26 9:15', morning],
  ['2026-11-30 09:15', morning],
  ['30 Nov 2026 09:15', morning],
  ['30/11/2026', null],
] as const)('in a file with the month first %s is %s', ([written, expected]) => {
  expect(toIndianTime(written, 'month-first')?.toISOString() ?? null).toBe(expected);
});
