import type { ImportHeader } from '@leadline/contracts/commands/imports';
import type { FileReading } from '../sources/file-reading.ts';
import { soundsLikePhone } from '../sources/find-phone-field.ts';
import { isMetaFile, isQuestion } from '../sources/meta-file.ts';
import { toKey, type FieldNames } from '../sources/read-fields.ts';
import { tellsWish } from '../sources/read-wish.ts';
import { usualNames } from '../sources/usual-names.ts';

const fields = new Map<string, string>(
  Object.entries(usualNames).flatMap(([field, names]: [string, FieldNames[keyof FieldNames]]) =>
    names.flatMap((name) => name.split(' + ')).map((name) => [toKey(name), field] as const),
  ),
);

/** What each column of a file means. The importing person's own names for columns come first. */
export function toImportHeader(columns: readonly string[], aliases: FileReading['aliases'] = {}): ImportHeader {
  const isMeta = isMetaFile(columns);
  const byKey = new Map(
    Object.entries(aliases).flatMap(([field, names]) => names.map((name) => [toKey(name), { field, name }] as const)),
  );
  const toField = (column: string): string | null => {
    const key = toKey(column);
    const alias = byKey.get(key);
    if (alias !== undefined) return alias.field;
    if (key === sourceColumn) return 'source';
    if (tellsWish(column)) return 'doNotCall';
    if (isMeta && key === 'id') return 'sourceLeadId';
    const usual = fields.get(key) ?? null;
    // A person who names the id column says that no other column holds ids.
    if (usual === 'sourceLeadId' && aliases.sourceLeadId !== undefined) return null;
    if (usual === null && !isMeta && soundsLikePhone(column)) return 'phone';
    return usual ?? (isMeta && isQuestion(column) ? 'question' : null);
  };
  const readColumns = columns.map((column) => ({ column, field: toField(column) }));
  const there = new Set(columns.map(toKey));
  const faults = [...byKey].flatMap(([key, { name }]) => (there.has(key) ? [] : [`no column is named ${name}`]));
  if (!readColumns.some(({ field }) => field === 'phone')) {
    const usual = usualNames.phone.slice(0, 5).join(', ');
    faults.push(`no column is named as one that holds phone numbers (${usual}, …); say which one does`);
  }
  return { columns: readColumns, source: isMeta ? 'meta' : 'csv', faults };
}

/** The column that names each row's source. */
export const sourceColumn = 'source';
