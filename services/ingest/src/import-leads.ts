import type { Database } from '@leadline/database/open-database';
import { affected, rows } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findKnownIds } from './find-receipts.ts';
import type { Fault } from './lead-schema.ts';
import type { Origin } from './origin.ts';
import { importedType } from './imported-type.ts';
import { keepDelivery, type Receiving } from './receive-lead.ts';
import { parseCsvRow } from './sources/csv.ts';
import type { ParsedLead } from './sources/parsed-lead.ts';
import { toKey } from './sources/read-fields.ts';
import { sourceColumn, toImportHeader } from './to-import-header.ts';

const mostRows = 1_000;
const mostColumns = 200;
const sourceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _, beginning with a letter');
const columns = z.array(z.string().max(1_000)).min(1).max(mostColumns);

const beginning = z.object({
  who: z.string().min(1).max(200),
  source: sourceName,
  /** As the person knows it. */
  file: z.string().max(500),
  columns,
  dryRun: z.boolean(),
});

const batch = z.object({
  source: sourceName,
  /** Rows that were imported before are new under another name. */
  again: z
    .string()
    .regex(/^[\w.-]{1,40}$/, 'must be 1 to 40 letters, digits, dots, dashes')
    .optional(),
  columns,
  /** Nothing is stored; the answers are what they would be. */
  dryRun: z.boolean(),
  rows: z.array(z.object({ row: z.int(), cells: z.array(z.string()).max(mostColumns) })).max(mostRows),
});

type RowResult = {
  row: number;
  result: 'accepted' | 'joined' | 'duplicate' | 'rejected';
  leadId: number | null;
  faults: Fault[];
};
type Named = { row: number; source: string; id: string; lead: ParsedLead; body: string };

/** `ops.ingest.begin_import` and `import_leads`: a file's header, then its rows, a batch at a time. */
export async function answerImports(nats: Nats, postgres: Database, receiving: Receiving): Promise<Answering> {
  const answering = await Promise.all([
    answer(nats, 'ops.ingest.begin_import', beginning, async (asked) => {
      const header = toImportHeader(asked.columns);
      if (!asked.dryRun && header.faults.length === 0) {
        const { source, file } = asked;
        await affected(postgres.em(), `insert into ingest_audit (action, who, details) values ($1, $2, $3)`, [
          ...['import_leads', asked.who, JSON.stringify({ source, file })],
        ]);
      }
      return header;
    }),
    answer(nats, 'ops.ingest.import_leads', batch, (asked) => importRows(asked, postgres, receiving)),
  ]);
  return { stop: () => answering.forEach((one) => one.stop()) };
}

/**
 * One answer a row, in their order, once all that is new is committed. The same rows again add nothing: a row is known by
 * its id, else by number, product and time, so that a file may be edited and sent again.
 * @throws when not all of them are known to be stored
 */
async function importRows(
  asked: z.output<typeof batch>,
  postgres: Database,
  receiving: Receiving,
): Promise<RowResult[]> {
  const read = asked.rows.map((one) => toNamed(one, asked));
  const known = await findKnown(postgres, read);
  return Promise.all(
    read.map(async (one): Promise<RowResult> => {
      const { row, lead } = one;
      const { accepted, isRefused } = known(one);
      if (accepted !== undefined) return { row, result: 'duplicate', leadId: accepted.leadId, faults: [] };
      if (!lead.read.ok && (asked.dryRun || isRefused))
        return { row, result: 'rejected', leadId: null, faults: lead.read.faults };
      if (asked.dryRun) return { row, result: 'accepted', leadId: null, faults: [] };
      return { row, ...(await store(one, receiving)) };
    }),
  );
}

async function store(one: Named, receiving: Receiving): Promise<Omit<RowResult, 'row'>> {
  const { source, id, lead, body } = one;
  const { outcome } = await keepDelivery(
    {
      ...{ source, idScope: '', sourceLeadId: id, idempotencyKey: null, body, read: lead.read },
      origin: toOrigin(one),
    },
    receiving,
  );
  switch (outcome.kind) {
    case 'accepted':
    case 'joined':
      return { result: outcome.kind, leadId: outcome.leadId, faults: [] };
    case 'repeated':
      return { result: 'duplicate', leadId: outcome.leadId, faults: [] };
    case 'rejected':
      return { result: 'rejected', leadId: null, faults: outcome.faults };
    case 'unavailable':
      throw new Error('rows of a file are not known to be stored; they come again');
  }
}

function toOrigin({ lead, row }: Named): Origin {
  return {
    ...{ connectionId: null, deliveryId: randomUUID(), part: 0, idScope: '', method: 'POST', query: `row=${row}` },
    ...{ contentType: importedType, raw: null, agentMode: null },
    ...{ phoneRaw: lead.phoneRaw, phoneAlternates: lead.phoneAlternates, enquiryType: lead.enquiryType },
    ...{ dndFlag: lead.dndFlag, isTest: lead.isTest },
  };
}

function toNamed({ row, cells }: { row: number; cells: readonly string[] }, asked: z.output<typeof batch>): Named {
  const record = Object.fromEntries(
    asked.columns.flatMap((column, at) => {
      const cell = cells[at] ?? '';
      return cell.trim() === '' ? [] : [[column, cell] as const];
    }),
  );
  const body = JSON.stringify(record);
  const parsed = parseCsvRow({ text: body }, {});
  const lead = parsed.ok ? parsed.leads[0] : undefined;
  if (lead === undefined) throw new Error('a row was read as no row');
  const told = Object.entries(record).find(([column]) => toKey(column) === sourceColumn)?.[1];
  const source = told === undefined ? { success: true as const, data: asked.source } : readSource(told);
  if (source.success) return { row, source: source.data, id: idOf(lead, body, asked.again), lead, body };
  const fault = { pointer: '/source', reason: 'invalid', detail: 'must be a name in lower case, such as website' };
  const refused = { ...lead, sourceLeadId: null, read: { ok: false as const, faults: [fault] } };
  return { row, source: asked.source, id: idOf(refused, body, asked.again), lead: refused, body };
}

function readSource(told: string) {
  return sourceName.safeParse(told.trim().toLowerCase().replaceAll(/\s+/g, '_'));
}

/** What names a row: its own id, else what it says. One that is no lead may come again, mended. */
function idOf({ read, sourceLeadId }: ParsedLead, body: string, again: string | undefined): string {
  const said = read.ok
    ? JSON.stringify([read.lead.phone, read.lead.productName?.toLowerCase() ?? null, read.lead.enquiredAt])
    : body;
  const id = sourceLeadId ?? `row-${hash('sha256', said).slice(0, 32)}`;
  return again === undefined ? id : `${id} ${again}`;
}

type Known = { accepted: { leadId: number | null } | undefined; isRefused: boolean };

/** What became of rows that came before. They need no receipt for each time that they come again. */
async function findKnown(postgres: Database, read: readonly Named[]): Promise<(one: Named) => Known> {
  const asked = read.map((one) => ({
    ...{ receiptId: randomUUID(), source: one.source, idScope: '', sourceLeadId: one.id, idempotencyKey: null },
    ...{ bodyHash: '', read: one.lead.read, origin: toOrigin(one) },
  }));
  const known = await findKnownIds(postgres.em(), asked);
  const refused = await rows(
    postgres.em(),
    z.object({ source: z.string(), id: z.string() }),
    `select distinct r.source, r.source_lead_id as id
       from jsonb_to_recordset($1::jsonb) as a(source text, "sourceLeadId" text)
       join lead_receipts r on r.source = a.source and r.id_scope = '' and r.source_lead_id = a."sourceLeadId"
      where r.verdict = 'rejected'`,
    [JSON.stringify(asked)],
  );
  const keyOf = ({ source, id }: { source: string; id: string }): string => `${source} ${id}`;
  const refusedKeys = new Set(refused.map(keyOf));
  const byRow = new Map(read.map((one, at) => [one, known.get(asked[at]?.receiptId ?? '')]));
  return (one) => {
    const found = byRow.get(one);
    return { accepted: found?.kind === 'same' ? found : undefined, isRefused: refusedKeys.has(keyOf(one)) };
  };
}
