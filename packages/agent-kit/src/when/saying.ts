import type { Mark, Part, Word } from './words.ts';

/** A day in the person's words, before we look at the calendar. */
export type DaySaid =
  | { kind: 'offset'; days: number }
  | { kind: 'weekday'; weekday: number; which: 'next' | 'this' | null }
  | { kind: 'date'; date: number; month: number | null; year: number | null; nextMonth: boolean }
  | { kind: 'week'; weeks: number }
  | { kind: 'months'; months: number }
  | { kind: 'next_month' }
  | { kind: 'month_end'; nextMonth: boolean }
  | { kind: 'weekend'; weeks: number };

/** A time of day in the person's words. `hour12` may be morning or evening. Minutes from midnight. */
export type TimeSaid = { minutes: number; sure: boolean; half: 'am' | 'pm' | null };

/** All that one alternative says. `after`, `before`: what these two words refer to. */
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

/** The meaning of a number or a word; a delay may also count days. */
export type What = 'day' | 'time' | 'delay';

export function isMark(word: Word | undefined, ...marks: Mark[]): boolean {
  return word?.kind === 'mark' && marks.includes(word.mark);
}
