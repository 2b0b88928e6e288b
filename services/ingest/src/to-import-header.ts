import { toKey, type FieldNames } from './sources/read-fields.ts';
import { usualNames } from './sources/usual-names.ts';

export type ImportHeader = {
  /** What each column is taken for; null: it is kept, and used for nothing. */
  columns: { column: string; field: string | null }[];
  /** Why the file can not be imported as it is. */
  faults: string[];
};

const fields = new Map<string, string>(
  Object.entries(usualNames).flatMap(([field, names]: [string, FieldNames[keyof FieldNames]]) =>
    names.flatMap((name) => name.split(' + ')).map((name) => [toKey(name), field] as const),
  ),
);

/** What a file's columns mean. */
export function toImportHeader(columns: readonly string[]): ImportHeader {
  const found = columns.map((column) => ({
    column,
    field: toKey(column) === sourceColumn ? 'source' : (fields.get(toKey(column)) ?? null),
  }));
  const faults = found.some(({ field }) => field === 'phone')
    ? []
    : [`no column is named as one that holds phone numbers (${usualNames.phone.slice(0, 5).join(', ')}, …)`];
  return { columns: found, faults };
}

/** The column that says where each row's lead came from. */
export const sourceColumn = 'source';
