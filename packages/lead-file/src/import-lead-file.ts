import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { LeadFileFault, openLeadFile, type LeadRow } from './open-lead-file.ts';

const rowResult = z.object({
  row: z.int(),
  result: z.enum(['accepted', 'joined', 'duplicate', 'rejected']),
  leadId: z.int().nullable(),
  faults: z.array(z.object({ pointer: z.string(), reason: z.string(), detail: z.string() })),
});
/** What became of a row. `joined`: the number's lead is open, and has one enquiry more. */
export type RowResult = z.output<typeof rowResult>;

const header = z.object({
  columns: z.array(z.object({ column: z.string(), field: z.string().nullable() })),
  faults: z.array(z.string()),
});
export type ImportHeader = z.output<typeof header>;

export type Counts = { rows: number } & Record<RowResult['result'], number>;

export type Import = {
  nats: Nats;
  who: string;
  /** Where the rows' leads came from, unless a column says. */
  source: string;
  /** Rows that were imported before are new under another name. */
  again?: string | undefined;
  /** As the person knows it. */
  file: string;
  /** Nothing is stored; the results are what they would be. */
  dryRun: boolean;
  /** Once, before the first row. */
  headerRead?: (found: ImportHeader) => void;
  /** Of each row, in their order. */
  rowDone?: (result: RowResult) => void | Promise<void>;
  /** After each batch. */
  counted?: (counts: Readonly<Counts>) => void;
};

const mostRows = 500;
const mostBytes = 400 * 1024;
const onTheirWay = 4;
const answerWithinMs = 60_000;
/** Ingest may be started anew meanwhile: the same rows again add nothing. */
const patienceMs = 60_000;
const restMs = 1_000;

/**
 * Imports a CSV file through ingest, while it is read. Interrupted and begun again it adds nothing twice, for a row is
 * known by what it says.
 * @throws LeadFileFault when the file can't be read, or read on; what came before is imported
 * @throws CommandRefused, CommandUnanswered as `ask` does
 */
export async function importLeadFile(bytes: AsyncIterable<Uint8Array>, options: Import): Promise<Counts> {
  const { nats, who, source, file, dryRun } = options;
  const { columns, rows } = await openLeadFile(bytes);
  const found = await ask(nats, 'ops.ingest.begin_import', { who, source, file, columns, dryRun }, header);
  options.headerRead?.(found);
  if (found.faults.length > 0) throw new LeadFileFault(found.faults.join('; '));

  const counts: Counts = { rows: 0, accepted: 0, joined: 0, duplicate: 0, rejected: 0 };
  const take = async (results: RowResult[]): Promise<void> => {
    for (const result of results) {
      counts.rows++;
      counts[result.result]++;
      await options.rowDone?.(result);
    }
    options.counted?.(counts);
  };
  const sent: Promise<RowResult[]>[] = [];
  try {
    for await (const batch of toBatches(rows)) {
      const answering = send(batch, columns, options);
      // A later one may fail while an earlier one is waited for.
      answering.catch(() => undefined);
      sent.push(answering);
      if (sent.length >= onTheirWay) await take((await sent.shift()) ?? []);
    }
  } finally {
    // Where the file can't be read on, what was sent before is told all the same.
    for (const answering of sent) await take(await answering);
  }
  return counts;
}

async function send(batch: LeadRow[], columns: string[], options: Import): Promise<RowResult[]> {
  const { nats, source, again, dryRun } = options;
  const whole = batch.filter(({ fault }) => fault === undefined);
  const asked = { source, again, dryRun, columns, rows: whole.map(({ row, cells }) => ({ row, cells })) };
  const answers = new Map((await askPatiently(nats, asked)).map((result) => [result.row, result]));
  return batch.map(({ row, fault }): RowResult => {
    const answer = answers.get(row);
    if (answer !== undefined) return answer;
    const faults = [{ pointer: '', reason: 'unreadable_row', detail: fault ?? 'was not answered' }];
    return { row, result: 'rejected', leadId: null, faults };
  });
}

async function askPatiently(nats: Nats, asked: { rows: unknown[] }): Promise<RowResult[]> {
  if (asked.rows.length === 0) return [];
  const since = performance.now();
  for (;;) {
    try {
      return await ask(nats, 'ops.ingest.import_leads', asked, z.array(rowResult), answerWithinMs);
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
    if (batch.length > 0 && (batch.length >= mostRows || size + bytes > mostBytes)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
