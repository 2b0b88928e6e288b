import { sourceName } from '@leadline/contracts/lead-fields';
import { hash } from 'node:crypto';
import type { Fault } from '../intake/lead-schema.ts';
import { parseCsvRow } from '../sources/csv.ts';
import type { FileReading } from '../sources/file-reading.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { readFields, toKey } from '../sources/read-fields.ts';
import { readWish } from '../sources/read-wish.ts';
import { sourceColumn } from './to-import-header.ts';

export type ImportedRow = {
  row: number;
  source: string;
  /** Identifies the row: an equal id means the same row. */
  id: string;
  lead: ParsedLead;
  /** Its cells by column, as the receipt keeps them. */
  body: string;
  /** Why we don't call it, where the file itself says so. */
  wishNotes: Fault[];
};

/** What a person chose for all rows of an import. With `again`, rows that were imported before count as new. */
type Asked = { columns: readonly string[]; source: string; again: string | undefined; reading: FileReading };

/** The lead in a row of a file. */
export function toImportedRow({ row, cells }: { row: number; cells: readonly string[] }, asked: Asked): ImportedRow {
  const record = Object.fromEntries(
    asked.columns.flatMap((column, at) => {
      const cell = cells[at] ?? '';
      return cell.trim() === '' ? [] : [[column, cell] as const];
    }),
  );
  const body = JSON.stringify(record);
  const parsed = parseCsvRow({ text: body }, asked.reading);
  const lead = parsed.ok ? parsed.leads[0] : undefined;
  if (lead === undefined) throw new Error('a row was read as no row');
  const wishNotes = toWishNotes(record);
  const ownSource = Object.entries(record).find(([column]) => toKey(column) === sourceColumn)?.[1];
  const source = ownSource === undefined ? { success: true as const, data: asked.source } : readSource(ownSource);
  if (source.success) return { row, source: source.data, id: idOf(lead, body, asked.again), lead, body, wishNotes };
  const fault = { pointer: '/source', reason: 'invalid', detail: 'must be a name in lower case, such as website' };
  const refused = { ...lead, sourceLeadId: null, read: { ok: false as const, faults: [fault] } };
  const id = idOf(refused, body, asked.again);
  return { row, source: asked.source, id, lead: refused, body, wishNotes };
}

function readSource(told: string) {
  return sourceName.safeParse(told.trim().toLowerCase().replaceAll(/\s+/g, '_'));
}

/**
 * The row's own id, else a hash of what it says. A row that holds no lead is hashed whole, so a corrected one is new.
 */
function idOf({ read, sourceLeadId }: ParsedLead, body: string, again: string | undefined): string {
  const identity = read.ok
    ? JSON.stringify([read.lead.phone, read.lead.productName?.toLowerCase() ?? null, read.lead.enquiredAt])
    : body;
  const id = sourceLeadId ?? `row-${hash('sha256', identity).slice(0, 32)}`;
  return again === undefined ? id : `${id} ${again}`;
}

function toWishNotes(record: Record<string, string>): Fault[] {
  const cell = readWish(readFields(record));
  if (cell === undefined || cell.wish === 'callable') return [];
  const pointer = /^[A-Za-z][\w. '-]{0,63}$/.test(cell.name) ? `/${cell.name}` : '/doNotCall';
  return [
    cell.wish === 'do_not_call'
      ? { pointer, reason: 'do_not_call', detail: 'says that this number is not to be called; it is not rung' }
      : { pointer, reason: 'unclear_wish', detail: 'says neither yes nor no; to be safe this number is not rung' },
  ];
}
