import { indianOffsetMs } from '@leadline/contracts/indian-time';

/** When we may call, in Indian time: days (0 = Sunday) and minutes after midnight. `simulated` means always. */
export type CallWindow =
  | { kind: 'daily'; days: ReadonlySet<number>; fromMinute: number; toMinute: number }
  | { kind: 'simulated' };

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** The statutory hours: no setting may go beyond them. */
const earliestMinute = 9 * 60;
const latestMinute = 21 * 60;

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Reads `mon-sat 09:30-19:00`, `mon,wed,fri 10:00-18:00`, `daily 09:00-21:00` or `simulated`.
 * @throws Error saying what is wrong, also for hours outside 09:00–21:00.
 */
export function parseCallWindow(text: string): CallWindow {
  if (text === 'simulated') return { kind: 'simulated' };
  const match = /^(\S+)\s+(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(text.trim().toLowerCase());
  if (match === null) throw new Error('must look like "mon-sat 09:30-19:00"');
  const [, days = '', fromHour, fromMin, toHour, toMin] = match;
  const fromMinute = Number(fromHour) * 60 + Number(fromMin);
  const toMinute = Number(toHour) * 60 + Number(toMin);
  if (Number(fromMin) > 59 || Number(toMin) > 59 || fromMinute >= toMinute) {
    throw new Error('must begin before it ends, within one day');
  }
  if (fromMinute < earliestMinute || toMinute > latestMinute) {
    throw new Error('must lie within 09:00-21:00 Indian time: calls outside of it are not allowed');
  }
  return { kind: 'daily', days: parseDays(days), fromMinute, toMinute };
}

function parseDays(text: string): Set<number> {
  if (text === 'daily') return new Set([0, 1, 2, 3, 4, 5, 6]);
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first = '', last = first] = part.split('-');
    const from = dayNames.indexOf(first);
    const to = dayNames.indexOf(last);
    if (from < 0 || to < 0) throw new Error(`has a day that is none of ${dayNames.join(', ')}, daily: ${part}`);
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return days;
}

/** Whether a phone that may ring from `at` on for `lengthMs` rings inside the window throughout. */
export function isOpen(window: CallWindow, at: Date, lengthMs: number): boolean {
  if (window.kind === 'simulated') return true;
  const local = at.getTime() + indianOffsetMs;
  const midnight = Math.floor(local / dayMs) * dayMs;
  return (
    window.days.has(new Date(midnight).getUTCDay()) &&
    local >= midnight + window.fromMinute * minuteMs &&
    local + lengthMs <= midnight + window.toMinute * minuteMs
  );
}

/** The first moment at or after `at` when the window is open for at least `lengthMs`. */
export function nextOpening(window: CallWindow, at: Date, lengthMs: number): Date {
  if (window.kind === 'simulated' || isOpen(window, at, lengthMs)) return at;
  const midnight = Math.floor((at.getTime() + indianOffsetMs) / dayMs) * dayMs;
  for (let day = 0; day <= 7; day++) {
    const opening = new Date(midnight + day * dayMs + window.fromMinute * minuteMs - indianOffsetMs);
    if (opening >= at && isOpen(window, opening, lengthMs)) return opening;
  }
  throw new Error('the call window is too short for a single ring');
}

/** The openings within the next days, beginning with what is left of today's. */
export function openingsFrom(window: CallWindow, now: Date, days: number): { from: Date; to: Date }[] {
  if (window.kind === 'simulated') return [{ from: now, to: new Date(now.getTime() + days * dayMs) }];
  const midnight = Math.floor((now.getTime() + indianOffsetMs) / dayMs) * dayMs - indianOffsetMs;
  return Array.from({ length: days }, (_, day) => {
    const from = new Date(midnight + day * dayMs + window.fromMinute * minuteMs);
    const to = new Date(midnight + day * dayMs + window.toMinute * minuteMs);
    return { from: from < now ? now : from, to };
  }).filter(({ from, to }) => from < to && window.days.has(new Date(from.getTime() + indianOffsetMs).getUTCDay()));
}
