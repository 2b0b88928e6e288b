import type { BodyOf } from '@leadline/contracts/command';
import {
  beginImport,
  importLeads,
  type RowResult,
  type ImportHeader as Header,
} from '@leadline/contracts/commands/imports';
import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { setTimeout as wait } from 'node:timers/promises';
import { decideDateOrder, tellsOrder, type DateOrder, type DateTally } from './decide-date-order.ts';
import { LeadFileFault, openLeadFile, type LeadRow } from './open-lead-file.ts';

/**
 * How a file is read. `dates`: the order of day and month in its dates in numbers; null where it has none that need one,
 * `unclear` where the file does not tell it and nobody has said it.
 */
export type ImportHeader = Header & { dates: DateOrder | 'unclear' | null };

export type Counts = { rows: number } & Record<RowResult['result'], number> & {
    /** Among the rows that are no fault: those that are not rung, by reason. */
    doNotCall: number;
    unclearWish: number;
    tooOld: number;
  };
/** The counts, and how the file was read. */
export type ImportDone = Counts & Pick<ImportHeader, 'source' | 'dates'>;

export type Import = {
  nats: Nats;
  who: string;
  /** Where the rows' leads came from, unless a column says. Without it the file's own: `meta` for Meta's, else `csv`. */
  source?: string | undefined;
  /** The file's own names for our fields, such as { phone: ['WhatsApp No'] }. */
  aliases?: Record<string, string[]> | undefined;
  /** The order of day and month, where the person who imports says it. */
  dates?: DateOrder | undefined;
  /** Rows that are too old to be called are called all the same. */
  ringsOld?: boolean | undefined;
  /** Rows that were imported before are new under another name. */
  again?: string | undefined;
  /** The file's name as the person knows it. */
  file: string;
  /** Nothing is stored; the results are what they would be. */
  dryRun: boolean;
  /** Once, before the first row. */
  headerRead?: (found: ImportHeader) => void;
  /** One entry a row, in the order of the rows. */
  rowDone?: (result: RowResult) => void | Promise<void>;
  /** After each batch. */
  counted?: (counts: Readonly<Counts>) => void;
};

const maxRows = 500;
const maxBytes = 400 * 1024;
const onTheirWay = 4;
const answerWithinMs = 60_000;
/** Ingest may be started anew meanwhile: the same rows again add nothing. */
const patienceMs = 60_000;
const restMs = 1_000;

/** What is said where nothing else tells the order of day and month. */
export const datesQuestion =
  'its dates may have the day or the month first (is 05/11/2026 the 5th of November?): say which, day-first or month-first';

/**
 * Imports a CSV file through ingest, while it is read. Interrupted and begun again it adds nothing twice, for a row is
 * known by what it says. `open` begins the file anew: it is read once before, where dates have to tell their order.
 * @throws LeadFileFault when the file can't be read, or read on; what came before is imported
 * @throws CommandRefused, CommandUnanswered as `ask` does
 */
export async function importLeadFile(open: () => AsyncIterable<Uint8Array>, options: Import): Promise<ImportDone> {
  const { nats, who, source, aliases, file, dryRun } = options;
  const { columns, rows } = await openLeadFile(open());
  const asked = { who, source, aliases, file, columns, dryRun };
  // An import that can't be done is not begun, and leaves nothing in the audit.
  const found = await ask(nats, beginImport, { ...asked, dryRun: true });
  const dated = found.columns.flatMap(({ field }, at) => (field === 'enquiredAt' ? [at] : []));
  const dates = options.dates ?? (dated.length === 0 ? null : await findDateOrder(open(), dated));
  options.headerRead?.({ ...found, dates });
  if (found.faults.length > 0) throw new LeadFileFault(found.faults.join('; '));
  if (dates === 'unclear' && !dryRun) throw new LeadFileFault(datesQuestion);
  if (!dryRun) await ask(nats, beginImport, asked);

  const counts: Counts = {
    rows: 0,
    accepted: 0,
    joined: 0,
    duplicate: 0,
    rejected: 0,
    doNotCall: 0,
    unclearWish: 0,
    tooOld: 0,
  };
  const take = async (results: RowResult[]): Promise<void> => {
    for (const result of results) {
      addTo(counts, result);
      await options.rowDone?.(result);
    }
    options.counted?.(counts);
  };
  const reading = { ...options, source: found.source, dates: dates === 'month-first' ? dates : 'day-first' } as const;
  const sent: Promise<RowResult[]>[] = [];
  try {
    for await (const batch of toBatches(rows)) {
      const answering = send(batch, columns, reading);
      // A later one may fail while an earlier one is waited for.
      answering.catch(() => undefined);
      sent.push(answering);
      if (sent.length >= onTheirWay) await take((await sent.shift()) ?? []);
    }
  } finally {
    // Where the file can't be read on, what was sent before is told all the same.
    for (const answering of sent) await take(await answering);
  }
  return { ...counts, source: found.source, dates };
}

function addTo(counts: Counts, { result, notes }: RowResult): void {
  counts.rows++;
  counts[result]++;
  const told = (reason: string): boolean => notes.some((note) => note.reason === reason);
  if (told('do_not_call')) counts.doNotCall++;
  else if (told('unclear_wish')) counts.unclearWish++;
  else if (told('too_old')) counts.tooOld++;
}

/** Reads on to the end: the one date that tells may be the last. */
async function findDateOrder(
  bytes: AsyncIterable<Uint8Array>,
  dated: readonly number[],
): Promise<DateOrder | 'unclear' | null> {
  const tally: DateTally = { 'day-first': 0, 'month-first': 0, either: 0 };
  const { rows } = await openLeadFile(bytes);
  try {
    for await (const { cells } of rows) {
      for (const at of dated) {
        const told = tellsOrder(cells[at] ?? '');
        if (told !== undefined) tally[told]++;
      }
    }
  } catch (error) {
    // Whoever reads it for its rows is told, once those before are taken.
    if (!(error instanceof LeadFileFault)) throw error;
  }
  return decideDateOrder(tally);
}

async function send(
  batch: LeadRow[],
  columns: string[],
  reading: Import & { source: string; dates: DateOrder },
): Promise<RowResult[]> {
  const { nats, source, again, aliases, dates, ringsOld, dryRun } = reading;
  const whole = batch.filter((row) => row.fault === undefined);
  const rows = whole.map(({ row, cells }) => ({ row, cells }));
  const asked = { source, again, aliases, dates, ringsOld, dryRun, columns, rows };
  const answers = new Map((await askPatiently(nats, asked)).map((result) => [result.row, result]));
  return batch.map((row): RowResult => {
    const answer = answers.get(row.row);
    if (answer !== undefined) return answer;
    const faults = [{ pointer: '', reason: 'unreadable_row', detail: row.fault ?? 'was not answered' }];
    return { row: row.row, result: 'rejected', leadId: null, faults, notes: [] };
  });
}

async function askPatiently(nats: Nats, asked: BodyOf<typeof importLeads>): Promise<RowResult[]> {
  if (asked.rows.length === 0) return [];
  const since = performance.now();
  for (;;) {
    try {
      return await ask(nats, importLeads, asked, answerWithinMs);
    } catch (error) {
      if (!(error instanceof CommandUnanswered) || performance.now() - since > patienceMs) throw error;
      await wait(restMs);
    }
  }
}

async function* toBatches(rows: AsyncIterable<LeadRow>): AsyncGenerator<LeadRow[]> {
  let batch: LeadRow[] = [];
  let size = 0;
  for await (const row of rows) {
    const bytes = row.cells.reduce((sum, cell) => sum + Buffer.byteLength(cell) + 8, 16);
    if (batch.length > 0 && (batch.length >= maxRows || size + bytes > maxBytes)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
