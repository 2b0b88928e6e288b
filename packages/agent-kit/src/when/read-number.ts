import { isMark, type DaySaid, type Saying, type TimeSaid, type What } from './saying.ts';
import type { Unit, Word } from './words.ts';

const unitMinutes: Record<Unit, number> = { minute: 1, hour: 60, day: 1_440, week: 10_080, month: 43_200 };

export type NumberRead = {
  at: number;
  next: number;
  value: number;
  spelled: Extract<Word, { kind: 'number' }>['spelled'];
};

/** Reads one number of several words: "saadhe paanch", "twenty five". */
export function readNumber(words: readonly Word[], at: number): NumberRead | undefined {
  const [first, second] = words.slice(at, at + 2);
  if (first?.kind === 'fraction') {
    const behind = readNumber(words, at + 1);
    // "sava baje" is a quarter past one.
    if (behind === undefined) return { at, next: at + 1, value: 1 + first.by, spelled: 'word' };
    return { ...behind, at, value: behind.value + first.by, spelled: 'word' };
  }
  if (first?.kind !== 'number') return undefined;
  const tens = first.spelled === 'word' && [20, 30, 40, 50].includes(first.value);
  if (tens && second?.kind === 'number' && second.spelled !== 'digits' && second.value < 10 && second.value >= 1)
    return {
      at,
      next: at + 2,
      value: first.value + second.value,
      spelled: second.spelled === 'ordinal' ? 'ordinal' : 'word',
    };
  return { at, next: at + 1, value: first.value, spelled: first.spelled };
}

export function readYear(words: readonly Word[], at: number): { value: number | null; next: number } {
  const skip = isMark(words[at], 'comma') ? 1 : 0;
  const year = words[at + skip];
  return year?.kind === 'number' && year.value >= 2000 && year.value < 2100
    ? { value: year.value, next: at + skip + 1 }
    : { value: null, next: at };
}

type NumberedRead = { what: What | null; change: Partial<Saying>; next: number };

/**
 * Decides what a number means by the next word: an hour, a date, a delay. Alone it is an hour if the words around
 * suggest one.
 */
export function readNumbered(
  words: readonly Word[],
  number: NumberRead,
  which: 'next' | 'this' | null,
  isExpected: boolean,
): NumberedRead {
  const { value, next } = number;
  const behind = words[next];
  const skip: NumberedRead = { what: null, change: {}, next };
  if (behind?.kind === 'unit') return readDelay(words, number, behind.unit);
  if (behind?.kind === 'month' && value <= 31) {
    const year = readYear(words, next + 1);
    const day: DaySaid = { kind: 'date', date: value, month: behind.month, year: year.value, nextMonth: false };
    return { what: 'day', change: { day }, next: year.next };
  }
  // "5 ko" is on the fifth.
  const isDate = isMark(behind, 'date') || (isMark(behind, 'on') && number.spelled === 'digits' && !isExpected);
  if (isDate || (number.spelled === 'ordinal' && !isMark(behind, 'baje'))) {
    if (value > 31 || (number.spelled === 'ordinal' && behind?.kind === 'other')) return skip;
    const day: DaySaid = { kind: 'date', date: value, month: null, year: null, nextMonth: which === 'next' };
    return { what: 'day', change: { day }, next: isDate ? next + 1 : next };
  }
  return readHour(words, number, isExpected) ?? skip;
}

function readDelay(words: readonly Word[], { value, next, at }: NumberRead, unit: Unit): NumberedRead {
  const behind = words[next + 1];
  // "2 ghante pehle" is in the past.
  if (isMark(behind, 'before')) return { what: null, change: {}, next: next + 2 };
  // "twenty minutes to six", "20 minute to 6".
  const hour = isMark(behind, 'range', 'past_hour', 'after') ? readNumber(words, next + 2) : undefined;
  if (unit === 'minute' && hour !== undefined && hour.value <= 12 && words[hour.next]?.kind !== 'unit') {
    const minutes = hour.value * 60 + (isMark(behind, 'range') ? -value : value);
    return { what: 'time', change: { time: { minutes, sure: false, half: null } }, next: hour.next };
  }
  // The end of a stretch: "do teen ghante" begins after two.
  if (isMark(words[at - 1], 'range')) return { what: null, change: { loose: true }, next: next + 1 };
  if (unit === 'minute' || unit === 'hour')
    return { what: 'delay', change: { delayMinutes: value * unitMinutes[unit] }, next: next + 1 };
  const day: DaySaid =
    unit === 'month' ? { kind: 'months', months: value } : { kind: 'offset', days: value * (unit === 'week' ? 7 : 1) };
  return { what: 'delay', change: { day }, next: next + 1 };
}

function isUnit(word: Word | undefined, unit: Unit): boolean {
  return word?.kind === 'unit' && word.unit === unit;
}

function readHour(words: readonly Word[], number: NumberRead, isExpected: boolean): NumberedRead | undefined {
  const { value, next, at, spelled } = number;
  const behind = words[next];
  const before = words[at - 1];
  const toTime = (minutes: number, end: number): NumberedRead | undefined => {
    if (minutes < 0 || minutes > 24 * 60) return undefined;
    const half = words[end];
    const sure = minutes >= 13 * 60;
    const time: TimeSaid = { minutes, sure, half: half?.kind === 'half' ? half.half : null };
    return { what: 'time', change: { time }, next: half?.kind === 'half' ? end + 1 : end };
  };
  // "530 pm", "1730 hrs".
  const whole = value >= 100 && Number.isInteger(value) ? Math.floor(value / 100) * 60 + (value % 100) : value * 60;
  if (isMark(behind, 'baje')) {
    // "Teen baje pandrah minute".
    const past = readNumber(words, next + 1);
    const isMinutes = past !== undefined && past.value < 60 && isUnit(words[past.next], 'minute');
    const isDelay = isMinutes && isMark(words[past.next + 1], 'after', 'in', 'before');
    return isMinutes && !isDelay ? toTime(whole + past.value, past.next + 1) : toTime(whole, next + 1);
  }
  if (behind?.kind === 'half') return toTime(whole, next);
  if (value >= 100) return undefined;
  if (isMark(behind, 'past_hour', 'to_hour')) {
    const minutes = readNumber(words, isMark(words[next + 1], 'in') ? next + 2 : next + 1);
    if (minutes === undefined) return undefined;
    // "5 bajke 20 minute" is 5:20, "5 bajne mein 10 minute" 4:50; "ten past five" has the minutes in front.
    if (words[minutes.next]?.kind === 'unit')
      return toTime(whole + (isMark(behind, 'past_hour') ? minutes.value : -minutes.value), minutes.next + 1);
    return toTime(minutes.value * 60 + value, minutes.next);
  }
  // "five thirty", "twenty to six".
  const minutes = readNumber(words, next);
  if (minutes !== undefined && value <= 12 && minutes.value >= 10 && minutes.value < 60 && Number.isInteger(value))
    return toTime(whole + minutes.value, isMark(words[minutes.next], 'baje') ? minutes.next + 1 : minutes.next);
  const hour = isMark(behind, 'range') ? readNumber(words, next + 1) : undefined;
  if (hour !== undefined && value > 12 && hour.value <= 12) return toTime(hour.value * 60 - value, hour.next);
  if (spelled === 'doubtful' || value > 24 || value === 0) return undefined;
  const isNear =
    isExpected ||
    before?.kind === 'day' ||
    before?.kind === 'part' ||
    behind?.kind === 'part' ||
    behind?.kind === 'day' ||
    isMark(before, 'at', 'after', 'before') ||
    at === 0;
  const isClear =
    behind === undefined ||
    behind.kind === 'part' ||
    behind.kind === 'day' ||
    behind.kind === 'weekday' ||
    isMark(behind, 'next_ok', 'on', 'after', 'before', 'until', 'range', 'comma', 'at', 'this', 'in');
  return isNear && isClear ? toTime(whole, next) : undefined;
}
