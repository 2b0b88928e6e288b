import type { DaySaid, Saying, TimeSaid } from './when/saying.ts';
import { toSayings } from './when/to-sayings.ts';
import { toWords } from './when/to-words.ts';
import { daysInMonth, readDay, toDay, toInstant, toWallClock, type Day, type WallClock } from './when/wall-clock.ts';
import { parts, type Part } from './when/words.ts';

/** How exact a time is: to the minute, a part of a day, or any time after it. */
export type Precision = 'exact' | 'part_of_day' | 'after';
export type Reading = { at: Date; precision: Precision };

export type When =
  | ({ kind: 'time' } & Reading)
  /** The words have two or three meanings: ask the person. */
  | { kind: 'readings'; readings: Reading[] }
  | { kind: 'none' };

/** The minute to call at when the person names no time of day. */
const usualMinutes = parts.morning.rungAt;
const iso = /^\s*(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))\s*$/i;

/**
 * Turns a person's words about when to call into an instant: English, Hindi and Hinglish. `now` is when they said it,
 * `zone` an IANA name such as Asia/Kolkata. An hour without morning or evening means business hours, so 5 is 17:00. It
 * returns future times only: a time that is over means the next such day if the words name no day, and a question to
 * the person if they do.
 * @throws RangeError for an unknown zone
 */
export function resolveWhen(words: string, now: Date, zone: string): When {
  const clock = toWallClock(zone, now);
  const [, exact] = iso.exec(words) ?? [];
  if (exact !== undefined) return toWhen([{ at: new Date(exact), precision: 'exact' }], now);
  const readings = toSayings(toWords(withSameTime(words, clock))).flatMap((saying) =>
    resolveOne(saying, clock, now, zone),
  );
  return toWhen(readings, now);
}

/** "Tomorrow, same time" is said of the clock on the wall. */
function withSameTime(words: string, { minutes }: WallClock): string {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  return words.replaceAll(
    /\b(?:at )?(?:the )?same time\b|\b(?:isi|issi|same) (?:time|waqt|samay|vakt)\b|इसी (?:समय|वक्त|वक़्त|टाइम)/giu,
    ` ${hour}:${String(minute).padStart(2, '0')} `,
  );
}

function toWhen(found: readonly Reading[], now: Date): When {
  const ahead = found.filter(({ at }) => at >= now && at.getUTCFullYear() < 2100);
  const byTime = new Map(ahead.map((reading) => [reading.at.getTime(), reading]));
  const readings = [...byTime.values()].toSorted((a, b) => a.at.getTime() - b.at.getTime()).slice(0, 3);
  const [first] = readings;
  if (first === undefined) return { kind: 'none' };
  return readings.length === 1 ? { kind: 'time', ...first } : { kind: 'readings', readings };
}

/** Minutes in a day; several entries where the words leave it open. */
type Slot = { day: Day; minutes: number; precision: Precision };

function resolveOne(saying: Saying, clock: WallClock, now: Date, zone: string): Reading[] {
  const later = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
  if (saying.delayMinutes !== null && saying.day === null && saying.time === null)
    return [{ at: later(saying.delayMinutes), precision: saying.loose ? 'part_of_day' : 'exact' }];
  const days = toDays(saying, clock);
  if (days === null && saying.time === null && saying.part === null && saying.moment === null) {
    if (saying.soon) return [30, 60].map((minutes) => ({ at: later(minutes), precision: 'part_of_day' }));
    return saying.now ? [{ at: now, precision: 'exact' }] : [];
  }
  return toSlots(saying, days, clock).flatMap((slot) => {
    const at = toInstant(zone, slot.day, slot.minutes);
    const { precision } = slot;
    if (saying.before !== 'time') return [{ at, precision }];
    return [60, 30].map((minutes) => ({ at: new Date(at.getTime() - minutes * 60_000), precision }));
  });
}

function toSlots(saying: Saying, days: DayFound[] | null, clock: WallClock): Slot[] {
  const time = toTime(saying);
  if (time !== null) return toTimedSlots(time, days, clock);
  if (days === null) return [];
  return days.flatMap(({ day, after, isToday, again }): Slot[] => {
    if (isToday) return restOfToday(clock);
    // A weekday named on that same day, once its usual time is over, is the one in a week.
    if (again !== null && !after) {
      const isOver = usualMinutes <= clock.minutes;
      return (isOver ? [again] : [day, again]).map((at) => ({
        day: at,
        minutes: usualMinutes,
        precision: 'part_of_day',
      }));
    }
    return [{ day: after ? day + 1 : day, minutes: usualMinutes, precision: after ? 'after' : 'part_of_day' }];
  });
}

/** "Today" alone: the rest of today. */
function restOfToday({ day, minutes }: WallClock): Slot[] {
  const left = [parts.afternoon, parts.evening, parts.night].filter(({ rungAt }) => rungAt > minutes);
  if (left.length === 0) return nextDay(day);
  return left.slice(0, 2).map(({ rungAt }) => ({ day, minutes: rungAt, precision: 'part_of_day' }));
}

function nextDay(day: Day): Slot[] {
  return [parts.morning, parts.evening].map(({ rungAt }) => ({
    day: day + 1,
    minutes: rungAt,
    precision: 'part_of_day',
  }));
}

/** `span`: until when a part of the day lasts. */
type TimeFound = { minutes: number; precision: Precision; until: number | null };

function toTime({ time, part, moment, after, loose }: Saying): TimeFound | null {
  const isAfter = after === 'time';
  if (time !== null) {
    const precision = isAfter ? 'after' : loose ? 'part_of_day' : 'exact';
    return { minutes: toMinutes(time, part), precision, until: null };
  }
  if (moment !== null) {
    const minutes = isAfter ? moment.over : moment.minutes;
    return { minutes, precision: isAfter ? 'after' : 'part_of_day', until: null };
  }
  if (part === null) return null;
  if (isAfter)
    return { minutes: part === 'morning' ? parts.morning.until : parts[part].rungAt, precision: 'after', until: null };
  return {
    minutes: parts[part].rungAt,
    precision: part === 'noon' ? 'exact' : 'part_of_day',
    until: parts[part].until,
  };
}

/** Decides between morning and evening for an hour: by the words, by the part of the day, else by business hours. */
function toMinutes({ minutes, sure, half }: TimeSaid, part: Part | null): number {
  if (sure) return minutes;
  const twelve = minutes % 720;
  if (half !== null) return half === 'pm' ? twelve + 720 : twelve;
  const hour = Math.floor(twelve / 60);
  switch (part) {
    case 'morning':
      return twelve === 0 ? 720 : twelve;
    case 'noon':
    case 'afternoon':
      return hour >= 10 ? twelve : twelve + 720;
    case 'evening':
      return twelve + 720;
    // "raat 12 baje" ends the day; "raat 2 baje" belongs to the next one.
    case 'night':
      return hour < 5 ? twelve + 1_440 : twelve + 720;
    case null:
      return hour >= 9 ? twelve : twelve + 720;
  }
}

function toTimedSlots({ minutes, precision, until }: TimeFound, days: DayFound[] | null, clock: WallClock): Slot[] {
  const at = (day: Day, when = minutes): Slot => ({ day, minutes: when, precision });
  if (days === null) {
    if (minutes > clock.minutes) return [at(clock.day)];
    const goesOn = until !== null && minutes !== parts.morning.rungAt && clock.minutes + 30 < until;
    return goesOn ? [at(clock.day, clock.minutes + 30), at(clock.day + 1)] : [at(clock.day + 1)];
  }
  return days.flatMap(({ day, isToday, after, again }) => {
    const meant = after && precision !== 'after' ? day + 1 : day;
    if (meant > clock.day || minutes > clock.minutes) {
      // A weekday named on that same day, with a future time, is today or in a week.
      return again === null ? [at(meant)] : [at(meant), at(again)];
    }
    if (again !== null) return [at(again)];
    // "Today at 3", said after 3, means soon, or tomorrow at that time.
    return isToday ? [at(clock.day, Math.min(clock.minutes + 30, 1_439)), at(clock.day + 1)] : [];
  });
}

/** `again`: the same weekday a week later, where the words may mean either. */
type DayFound = { day: Day; isToday: boolean; after: boolean; again: Day | null };

/** Null if the words name no day; empty if they name an impossible one. */
function toDays({ day: said, weekday, after }: Saying, clock: WallClock): DayFound[] | null {
  if (said === null && weekday === null) return null;
  const found = (days: Day[]): DayFound[] =>
    days.map((day) => ({ day, isToday: false, after: after === 'day', again: null }));
  if (said === null) return weekday === null ? null : namedDay(weekday, clock.day, after === 'day');
  switch (said.kind) {
    case 'offset':
      if (said.days < 0) return [];
      if (said.days === 0) return [{ day: clock.day, isToday: after !== 'day', after: after === 'day', again: null }];
      return found([clock.day + said.days]);
    case 'weekday':
      return found(weekdayAhead(said.weekday, said.which, clock.day));
    case 'week': {
      const monday = mondayOf(clock.day) + 7 * said.weeks;
      if (weekday !== null) return found([monday + ((weekday + 6) % 7)]);
      return said.weeks === 0
        ? found([clock.day + 1, clock.day + 2].filter((day) => day < monday + 7))
        : [{ day: monday - 1, isToday: false, after: true, again: null }];
    }
    case 'weekend': {
      const isSunday = clock.day === mondayOf(clock.day) + 6;
      const saturday = mondayOf(clock.day) + 5 + 7 * (isSunday ? 1 : said.weeks);
      const isNamed = (day: Day): boolean => weekday === null || readDay(day).weekday === weekday;
      if (after === 'day' && weekday === null) return found([saturday + 1]);
      return found([saturday, saturday + 1].filter((day) => day > clock.day && isNamed(day)));
    }
    case 'months':
      return found([monthsAhead(clock.day, said.months)]);
    case 'next_month': {
      const { year, month } = readDay(clock.day);
      const first = toDay(year, month + 1, 1) ?? toDay(year + 1, 1, 1) ?? clock.day;
      return [{ day: first - 1, isToday: false, after: true, again: null }];
    }
    case 'month_end':
      return found(monthEnds(clock.day, said.nextMonth));
    case 'date':
      return found(dates(said, weekday, clock.day));
  }
}

function mondayOf(day: Day): Day {
  return day - ((readDay(day).weekday + 6) % 7);
}

/** The next such weekday; today counts if the time is still to come. */
function namedDay(weekday: number, today: Day, after: boolean): DayFound[] {
  const ahead = (weekday - readDay(today).weekday + 7) % 7;
  return [{ day: today + (ahead === 0 ? 0 : ahead), isToday: false, after, again: ahead === 0 ? today + 7 : null }];
}

/** "Next Friday" on a Monday may be in four days or in eleven. */
function weekdayAhead(weekday: number, which: 'next' | 'this' | null, today: Day): Day[] {
  const ahead = (weekday - readDay(today).weekday + 7) % 7;
  if (which !== 'next') return [today + ahead];
  const coming = today + (ahead === 0 ? 7 : ahead);
  return coming < mondayOf(today) + 7 ? [coming, coming + 7] : [coming];
}

function monthsAhead(today: Day, months: number): Day {
  const { year, month, date } = readDay(today);
  const at = month - 1 + Math.round(months);
  const [toYear, toMonth] = [year + Math.floor(at / 12), (at % 12) + 1];
  return toDay(toYear, toMonth, Math.min(date, daysInMonth(toYear, toMonth))) ?? today;
}

function monthEnds(today: Day, next: boolean): Day[] {
  const lastOf = (day: Day): Day => day - readDay(day).date + daysInMonth(readDay(day).year, readDay(day).month);
  const last = lastOf(today);
  if (next) return [lastOf(last + 1)];
  return last > today ? [last] : [lastOf(last + 1)];
}

/** The next such date. If it is over this year, the month may also be a slip. */
function dates(said: Extract<DaySaid, { kind: 'date' }>, weekday: number | null, today: Day): Day[] {
  const { year, month } = readDay(today);
  const { date } = said;
  if (said.month === null) {
    const skip = said.nextMonth ? 1 : 0;
    return firstOf(
      [0, 1, 2, 3].map((ahead) => dateOf(year, month + skip + ahead, date)),
      today,
      said.nextMonth,
    );
  }
  if (said.year !== null) {
    const day = toDay(said.year, said.month, date);
    return day === undefined ? [] : [day];
  }
  const thisYear = toDay(year, said.month, date);
  const nextYear = toDay(year + 1, said.month, date);
  if (thisYear !== undefined && thisYear >= today) {
    const agrees = weekday === null || readDay(thisYear).weekday === weekday;
    return agrees ? [thisYear] : [thisYear, ...weekdayAhead(weekday, null, today)];
  }
  if (nextYear === undefined) return [];
  // "25 November" on the 30th.
  const slip =
    thisYear !== undefined && today - thisYear < 60
      ? firstOf([dateOf(year, month, date), dateOf(year, month + 1, date)], today, false)
      : [];
  return [...slip, nextYear];
}

function dateOf(year: number, month: number, date: number): Day | undefined {
  return toDay(year + Math.floor((month - 1) / 12), ((month - 1) % 12) + 1, date);
}

function firstOf(days: (Day | undefined)[], today: Day, any: boolean): Day[] {
  const next = days.find((day) => day !== undefined && (any || day >= today));
  return next === undefined ? [] : [next];
}
