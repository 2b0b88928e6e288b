import { indianZone } from '@leadline/contracts/indian-time';

const zone = { timeZone: indianZone };
const clock = new Intl.DateTimeFormat('en-IN', { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockSeconds = new Intl.DateTimeFormat('en-IN', { ...zone, timeStyle: 'medium', hourCycle: 'h23' });
const date = new Intl.DateTimeFormat('en-IN', { ...zone, day: 'numeric', month: 'short', year: 'numeric' });
const shortDate = new Intl.DateTimeFormat('en-IN', { ...zone, day: 'numeric', month: 'short' });
const monthYear = new Intl.DateTimeFormat('en-IN', { timeZone: 'UTC', month: 'long', year: 'numeric' });
const dayOf = new Intl.DateTimeFormat('en-IN', { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short' });
const whole = new Intl.NumberFormat('en-IN', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-IN', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const money = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR' });

/** `14:05` in India. */
export const toClock = (at: Date): string => clock.format(at);
export const toClockWithSeconds = (at: Date): string => clockSeconds.format(at);
/** `24 Nov 2026, 14:05` in India. */
export const toDateAndClock = (at: Date): string => `${date.format(at)}, ${clock.format(at)}`;
/** `24 Nov, 14:05`. */
export const toShortDateAndClock = (at: Date): string => `${shortDate.format(at)}, ${clock.format(at)}`;
/** `October 2026` of `2026-10`. */
export const toMonthName = (month: string): string => monthYear.format(new Date(`${month}-01T00:00:00Z`));
/** `Sat, 31 Oct` of `2026-10-31`. */
export const toDayName = (day: string): string => dayOf.format(new Date(`${day}T00:00:00Z`));
/** `12,34,567`. */
export const toCount = (value: number): string => whole.format(value);
export const toMinutes = (minutes: number): string => tenths.format(minutes);
export const toRupees = (rupees: number): string => money.format(rupees);

export function toPercent(part: number, all: number): string {
  return all === 0 ? '–' : `${Math.round((part / all) * 100)}%`;
}

/** A duration: `0.8 s`, `12 s`, `3 min 7 s`, `2 h 5 min`, `3 d 4 h`. */
export function toLength(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  if (seconds < 9.95) return `${tenths.format(seconds)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const parts = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
  const rounded = Math.round(seconds);
  if (rounded < 3_600) return parts(Math.floor(rounded / 60), 'min', rounded % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return parts(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3_600);
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}
