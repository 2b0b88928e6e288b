import { fieldAliases } from '@leadline/contracts/lead-fields';
import type { Aliases } from './read-fields.ts';
import type { DateOrder } from './to-indian-time.ts';

/** How the rows of one file are read. */
export type FileReading = {
  /** The file's own names for our fields, as the person who imports it tells them. */
  aliases: Omit<Aliases, 'corrected'>;
  dates: DateOrder;
  /** Whether it is the file of leads that Meta gives. */
  isMeta: boolean;
};

/** A row's place and how it is read, to be kept with it in the place of a query: so it is read the same way again. */
export function toRowQuery(row: number, { aliases, dates, isMeta }: FileReading): string {
  const query = new URLSearchParams({ row: String(row) });
  if (dates !== 'day-first') query.set('dates', dates);
  if (isMeta) query.set('form', 'meta');
  if (Object.keys(aliases).length > 0) query.set('aliases', JSON.stringify(aliases));
  return query.toString();
}

/** How a stored row is to be read. */
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
