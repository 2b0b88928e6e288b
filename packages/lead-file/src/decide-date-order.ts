/** Which of a date's two numbers is the day, if its year comes last: 30/11/2026 or 11/30/2026. */
export type DateOrder = 'day-first' | 'month-first';

/** How many dates in a file allow one order only, and how many allow both, meaning different days. */
export type DateTally = Record<DateOrder | 'either', number>;

/** What a cell adds to the tally; undefined if it says nothing: no such date, a month's name, the year first, 11/11. */
export function tellsOrder(cell: string): keyof DateTally | undefined {
  const [, first = '', second = ''] =
    /^\D{0,12}(\d{1,2})[-/. ](\d{1,2})[-/. ,]{1,2}(?:\d{4}|\d{2})(?![\d/.-])/.exec(cell.trim()) ?? [];
  const [left, right] = [Number(first), Number(second)];
  if (left < 1 || right < 1 || left > 31 || right > 31 || left === right) return undefined;
  if (left > 12) return right > 12 ? undefined : 'day-first';
  return right > 12 ? 'month-first' : 'either';
}

/**
 * Decides for the whole file: one date that allows only one order decides for all.
 * @returns null if no date needs an order; `unclear` if every date allows both, or if dates contradict each other
 */
export function decideDateOrder(tally: DateTally): DateOrder | 'unclear' | null {
  const { either, 'day-first': dayFirst, 'month-first': monthFirst } = tally;
  if (dayFirst > 0 && monthFirst > 0) return 'unclear';
  if (dayFirst > 0) return 'day-first';
  if (monthFirst > 0) return 'month-first';
  return either > 0 ? 'unclear' : null;
}
