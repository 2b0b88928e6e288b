import type { Fault } from '../intake/lead-schema.ts';
import { unreadable, type ParsedDelivery, type RawDelivery } from './adapter.ts';
import type { FileReading } from './file-reading.ts';
import { readMetaRow } from './meta-file.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { isNothing, pickAll, readFields, type Aliases, type FieldNames, type Fields } from './read-fields.ts';
import { readJson } from './read-json.ts';
import { readWish } from './read-wish.ts';
import { usualNames } from './usual-names.ts';

/** A row of an imported file, as an object of cells by column. */
export function parseCsvRow(
  { text }: Pick<RawDelivery, 'text'>,
  reading: FileReading,
  corrected?: Aliases['corrected'],
): ParsedDelivery {
  const row = readJson(text);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return unreadable('is no row of a table');
  return { ok: true, leads: [toCsvLead(readFields(undamaged(row)), { ...reading, corrected })] };
}

/** A column with one of these names holds the vendor's own ids. Under other id names a file may only count its rows. */
const vendorsIds = ['leadgen_id', 'unique_query_id', 'rfi_id', 'inq_id'];
const rowCount = /^\W*\d{1,6}(?:\.0+)?\W*$/;

function toCsvLead(row: Fields, reading: FileReading & { corrected?: Aliases['corrected'] }): ParsedLead {
  const { corrected, dates, isMeta } = reading;
  const aliases = { ...reading.aliases, corrected };
  const sourceLeadId = namesOfIds(row, reading);
  const names: FieldNames = { ...usualNames, sourceLeadId };
  const { fields, message } = isMeta ? readMetaRow(row, names) : { fields: row, message: undefined };
  const wish = readWish(row)?.wish;
  const dndFlag = wish === undefined ? null : wish !== 'callable';
  const lead = toParsedLead(fields, {
    names,
    aliases,
    label: 'Buyer',
    dndFlag,
    dates,
    findsPhone: 'by_name' as const,
    ...(message === undefined ? {} : { message }),
  });
  if ([...row.values()].some(({ value }) => /^(?:[a-z]{1,2}:\s*)?<test lead:/i.test(value))) {
    const fault = { pointer: '', reason: 'test_lead', detail: 'is Meta’s test lead' };
    return { ...lead, read: { ok: false, faults: [fault] } };
  }
  const ids = findDamage(fields, [...(aliases.sourceLeadId ?? []), ...sourceLeadId]);
  // Several ids that lost their last digits look alike.
  if (ids !== undefined) return { ...lead, sourceLeadId: null, read: { ok: false, faults: [ids] } };
  const phones = findDamage(fields, [...(aliases.phone ?? []), ...usualNames.phone]);
  return lead.read.ok || phones === undefined ? lead : { ...lead, read: { ok: false, faults: [phones] } };
}

/**
 * The columns whose cell is the row's id. A plain count of up to six digits is not unique beyond its file, so it counts
 * only in a vendor's column, or where the importing person says that the column holds ids.
 */
function namesOfIds(row: Fields, { aliases, isMeta }: FileReading): readonly string[] {
  if (aliases.sourceLeadId !== undefined) return [];
  if (isMeta) return ['leadgen_id'];
  return usualNames.sourceLeadId.filter((name) => {
    const [cell] = pickAll(row, [name]);
    return vendorsIds.includes(name) || cell === undefined || !rowCount.test(cell.value);
  });
}

/** Finds a number that a spreadsheet has rounded: its digits are lost, and we don't guess them. */
function findDamage(fields: Fields, names: readonly string[]): Fault | undefined {
  for (const { name, value } of pickAll(fields, names)) {
    if (isNothing(value)) continue;
    const pointer = `/${name}`;
    if (/(?:^|[\s,;/])\d(?:[.,]\d+)?[eE]\+?\d{1,2}(?:$|[\s,;/])/.test(value))
      return {
        pointer,
        reason: 'scientific_notation',
        detail:
          'was shortened by the spreadsheet to the form 9.9E+09 and its digits are lost; make the column text, enter it anew and save again',
      };
    if (/^#[A-Z/0!?]+$/.test(value))
      return {
        pointer,
        reason: 'spreadsheet_error',
        detail: 'holds an error of the spreadsheet: it took a leading + for a formula; make the column text',
      };
  }
  return undefined;
}

/** Removes the marks that make a spreadsheet keep a text: '98… and ="98…". */
function undamaged(row: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      typeof value === 'string'
        ? [
            [
              name,
              value
                .trim()
                .replace(/^'+(?=[+\d])/, '')
                .replace(/^="(.*)"$/, '$1'),
            ],
          ]
        : [],
    ),
  );
}
