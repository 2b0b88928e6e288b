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
 * How to read a file. `dates`: the order of day and month in numeric dates; null if no date needs one, `unclear` if
 * neither the file nor the person says it.
 */
export type ImportHeader = Header & { dates: DateOrder | 'unclear' | null };

export type Counts = { rows: number } & Record<RowResult['result'], number> & {
    /** Rows without a fault that we do not call, by reason. */
    doNotCall: number;
    unclearWish: number;
    tooOld: number;
  };
/** The counts, and how we read the file. */
export type ImportDone = Counts & Pick<ImportHeader, 'source' | 'dates'>;

export type Import = {
  nats: Nats;
  who: string;
  /**
   * The source of the rows' leads, unless a column names it. By default the file's own: `meta` for Meta's, else `csv`.
   */
  source?: string | undefined;
  /** The file's own names for our fields, such as { phone: ['WhatsApp No'] }. */
  aliases?: Record<string, string[]> | undefined;
  /** The order of day and month, if the importing person says it. */
  dates?: DateOrder | undefined;
  /** Calls rows even if they are too old. */
  ringsOld?: boolean | undefined;
  /** Treats rows that were imported before as new, under this name. */
  again?: string | undefined;
  /** The file's name for the person. */
  file: string;
  /** Stores nothing; the results say what would happen. */
  dryRun: boolean;
  /** Called once, before the first row. */
  headerRead?: (found: ImportHeader) => void;
  /** Called for each row, in their order. */
  rowDone?: (result: RowResult) => void | Promise<void>;
  /** Called after each batch. */
  counted?: (counts: Readonly<Counts>) => void;
};

const maxRows = 500;
const maxBytes = 400 * 1024;
const onTheirWay = 4;
const answerWithinMs = 60_000;
/** How long to wait for ingest, which may restart meanwhile: repeating the same rows adds nothing. */
const patienceMs = 60_000;
const restMs = 1_000;

/** The words that ask for the order of day and month, if nothing else tells it. */
export const datesQuestion =
  'its dates may have the day or the month first (is 05/11/2026 the 5th of November?): say which, day-first or month-first';

/**
 * Imports a CSV file through ingest while reading it. An interrupted import may be repeated and adds nothing twice,
 * because a row is known by what it says. `open` starts reading from the beginning: we read the file twice if its dates
 * must show their order.
 * @throws LeadFileFault when the file can't be read, or not to its end; rows before that are imported
 * @throws CommandRefused, CommandUnanswered as `ask` does
 */
export async function importLeadFile(open: () => AsyncIterable<Uint8Array>, options: Import): Promise<ImportDone> {
  const { nats, who, source, aliases, file, dryRun } = options;
  const { columns, rows } = await openLeadFile(open());
  const asked = { who, source, aliases, file, columns, dryRun };
  // Don't begin an import that can't be done: it would leave an entry in the audit.
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
      // A later batch may fail while we await an earlier one.
      answering.catch(() => undefined);
      sent.push(answering);
      if (sent.length >= onTheirWay) await take((await sent.shift()) ?? []);
    }
  } finally {
    // If the rest of the file can't be read, still report the rows that we sent.
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

/** Reads to the end, because the deciding date may be the last one. */
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
    // Whoever reads the rows gets this error, after the rows before it.
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
