/** A day of the calendar, counted from 1970-01-01. */
export type Day = number;

const dayMs = 86_400_000;

/** What the clock and the calendar in this zone show at an instant. */
export type WallClock = { day: Day; minutes: number };

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for an unknown zone, such as "India" */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** The instant as if the zone's wall clock were UTC, in ms. */
function wallMs(zone: string, at: Date): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** `minutes` counts whole minutes from midnight. */
export function toWallClock(zone: string, at: Date): WallClock {
  const ms = wallMs(zone, at);
  const day = Math.floor(ms / dayMs);
  return { day, minutes: Math.floor((ms - day * dayMs) / 60_000) };
}

/** The instant at which the clock in this zone shows that time; minutes may exceed a day. */
export function toInstant(zone: string, day: Day, minutes: number): Date {
  const wall = day * dayMs + minutes * 60_000;
  let at = wall;
  // If the zone's offset changes between the guess and the answer, the second look corrects it.
  for (let look = 0; look < 2; look++) at = wall - (wallMs(zone, new Date(at)) - at);
  return new Date(at);
}

/** The day of a date; undefined for an impossible one, such as 30 February. */
export function toDay(year: number, month: number, date: number): Day | undefined {
  const at = new Date(Date.UTC(year, month - 1, date));
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === date ? at.getTime() / dayMs : undefined;
}

/** Months count from 1, weekdays from 0 for Sunday. */
export function readDay(day: Day): { year: number; month: number; date: number; weekday: number } {
  const at = new Date(day * dayMs);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate(), weekday: at.getUTCDay() };
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
