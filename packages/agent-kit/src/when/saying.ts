import type { Mark, Part, Word } from './words.ts';

/** A day as it was said, before anybody looks at the calendar. */
export type DaySaid =
  | { kind: 'offset'; days: number }
  | { kind: 'weekday'; weekday: number; which: 'next' | 'this' | null }
  | { kind: 'date'; date: number; month: number | null; year: number | null; nextMonth: boolean }
  | { kind: 'week'; weeks: number }
  | { kind: 'months'; months: number }
  | { kind: 'next_month' }
  | { kind: 'month_end'; nextMonth: boolean }
  | { kind: 'weekend'; weeks: number };

/** A time of day as it was said: `hour12` may be either half of the day. Minutes from midnight. */
export type TimeSaid = { minutes: number; sure: boolean; half: 'am' | 'pm' | null };

/** All that one alternative says. `after`, `before`: what they are said of. */
export type Saying = {
  day: DaySaid | null;
  weekday: number | null;
  time: TimeSaid | null;
  part: Part | null;
  moment: { minutes: number; over: number } | null;
  delayMinutes: number | null;
  after: 'day' | 'time' | null;
  before: 'day' | 'time' | null;
  /** The beginning of a stretch, as in "4 se 5 baje". */
  loose: boolean;
  now: boolean;
  soon: boolean;
};

/** What a number or a word is taken for; a delay may be of days, too. */
export type What = 'day' | 'time' | 'delay';

export function isMark(word: Word | undefined, ...marks: Mark[]): boolean {
  return word?.kind === 'mark' && marks.includes(word.mark);
}
