import { fieldAliases } from '@leadline/contracts/lead-fields';
import type { Aliases } from './read-fields.ts';
import type { DateOrder } from './to-indian-time.ts';

/** How to read the rows of one file. */
export type FileReading = {
  /** The file's own names for our fields, from the importing person. */
  aliases: Omit<Aliases, 'corrected'>;
  dates: DateOrder;
  /** Whether it is a lead file downloaded from Meta. */
  isMeta: boolean;
};

/**
 * A row's number and how to read it. The receipt keeps this as its query, so that a replay reads the row the same way.
 */
export function toRowQuery(row: number, { aliases, dates, isMeta }: FileReading): string {
  const query = new URLSearchParams({ row: String(row) });
  if (dates !== 'day-first') query.set('dates', dates);
  if (isMeta) query.set('form', 'meta');
  if (Object.keys(aliases).length > 0) query.set('aliases', JSON.stringify(aliases));
  return query.toString();
}

/** Reads such a stored query. */
export function readRowQuery(written: string): FileReading {
  const query = new URLSearchParams(written);
  return {
    aliases: readAliases(query.get('aliases')),
    dates: query.get('dates') === 'month-first' ? 'month-first' : 'day-first',
    isMeta: query.get('form') === 'meta',
  };
}

function readAliases(written: string | null): FileReading['aliases'] {
  if (written === null) return {};
  try {
    return fieldAliases.catch({}).parse(JSON.parse(written));
  } catch {
    return {};
  }
}
