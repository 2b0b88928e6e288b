import type { AskedBy } from '@leadline/contracts/command';
import { beginImport, importLeads, type RowResult } from '@leadline/contracts/commands/imports';
import { databaseNow } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { affected, rows } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findKnownIds } from '../intake/find-receipts.ts';
import { findWished, hearWishes } from './hear-wishes.ts';
import type { Fault } from '../intake/lead-schema.ts';
import { importedType } from '../intake/imported-type.ts';
import { keepDelivery, type Receiving } from '../intake/keep-delivery.ts';
import type { Origin } from '../intake/origin.ts';
import { toRowQuery, type FileReading } from '../sources/file-reading.ts';
import { isMetaFile } from '../sources/meta-file.ts';
import { toImportHeader } from './to-import-header.ts';
import { toImportedRow, type ImportedRow } from './imported-row.ts';

/** Answers `ops.ingest.begin_import` (a file's header) and `import_leads` (its rows, one batch after the other). */
export async function answerImports(
  nats: Nats,
  postgres: Database,
  receiving: Receiving,
  maxLeadAgeDays: number,
): Promise<Answering> {
  const answering = await Promise.all([
    answer(nats, beginImport, async (asked) => {
      const header = toImportHeader(asked.columns, asked.aliases);
      const source = asked.source ?? header.source;
      if (!asked.dryRun && header.faults.length === 0) {
        const { file } = asked;
        await affected(postgres.sql, `insert into ingest_audit (action, who, details) values ($1, $2, $3)`, [
          'import_leads',
          asked.who,
          JSON.stringify({ source, file }),
        ]);
      }
      return { ...header, source };
    }),
    answer(nats, importLeads, (asked) => importRows(asked, maxLeadAgeDays, postgres, receiving)),
  ]);
  return {
    async stop() {
      await Promise.all(answering.map((command) => command.stop()));
    },
  };
}

/**
 * Answers each row in their order, once all new ones are committed. Importing the same rows again adds nothing: we know
 * a row by its id, or else by number, product and time, so people may edit a file and send it again.
 * @throws when not all rows are known to be stored
 */
async function importRows(
  asked: AskedBy<typeof importLeads>,
  maxLeadAgeDays: number,
  postgres: Database,
  receiving: Receiving,
): Promise<RowResult[]> {
  const { columns: names, aliases: told, dates, again, ringsOld } = asked;
  const reading = { aliases: told, dates, isMeta: isMetaFile(names) };
  const kept = { reading, ringsOld };
  const now = await databaseNow(postgres.sql);
  const oldest = new Date(now.getTime() - maxLeadAgeDays * 86_400_000);
  const read = await heeding(
    asked.rows.map((row) => toImportedRow(row, { columns: names, source: asked.source, again, reading })),
    postgres,
  );
  const known = await findKnown(postgres, read, kept);
  const results = await Promise.all(
    read.map(async (imported): Promise<RowResult> => {
      const { row, lead } = imported;
      const { accepted, isRefused } = known(imported);
      if (accepted !== undefined)
        return { row, result: 'duplicate', leadId: accepted.leadId, faults: [], notes: imported.wishNotes };
      if (!lead.read.ok && (asked.dryRun || isRefused))
        return { row, result: 'rejected', leadId: null, faults: lead.read.faults, notes: [] };
      const notes = [...imported.wishNotes, ...(ringsOld ? [] : toAgeNotes(imported, oldest, maxLeadAgeDays))];
      if (asked.dryRun) return { row, result: 'accepted', leadId: null, faults: [], notes };
      const stored = await store(imported, kept, receiving);
      return { row, ...stored, notes: stored.result === 'rejected' ? [] : notes };
    }),
  );
  if (!asked.dryRun) await hearWishes(postgres, { phones: phonesOf(read), wished: phonesOf(read.filter(isWished)) });
  return results;
}

function toAgeNotes({ lead: { read } }: ImportedRow, oldest: Date, maxLeadAgeDays: number): Fault[] {
  if (!read.ok || read.lead.enquiredAt === null || read.lead.enquiredAt >= oldest) return [];
  const detail = `is more than ${maxLeadAgeDays} days old and not rung, unless the import says that old ones are`;
  return [{ pointer: '/enquiredAt', reason: 'too_old', detail }];
}

/**
 * A file may list one person twice. A wish in any of these rows, or in an earlier file, holds for all rows of the
 * number.
 */
async function heeding(read: readonly ImportedRow[], postgres: Database): Promise<ImportedRow[]> {
  const wished = await findWished(postgres, phonesOf(read));
  for (const phone of phonesOf(read.filter(isWished))) wished.add(phone);
  return read.map((row) => {
    const { lead } = row;
    if (isWished(row) || !lead.read.ok || !wished.has(lead.read.lead.phone)) return row;
    const detail = 'is a number of which another row says that it is not to be called; it is not rung';
    const wishNotes = [{ pointer: '/phone', reason: 'do_not_call', detail }];
    return { ...row, lead: { ...lead, dndFlag: true }, wishNotes };
  });
}

function isWished({ lead }: ImportedRow): boolean {
  return lead.dndFlag === true;
}

function phonesOf(read: readonly ImportedRow[]): string[] {
  return read.flatMap(({ lead }) => (lead.read.ok ? [lead.read.lead.phone] : []));
}

type Kept = { reading: FileReading; ringsOld: boolean };

async function store(row: ImportedRow, kept: Kept, receiving: Receiving): Promise<Omit<RowResult, 'row' | 'notes'>> {
  const { source, id, lead, body } = row;
  const { outcome } = await keepDelivery(
    { source, idScope: '', sourceLeadId: id, idempotencyKey: null, body, read: lead.read, origin: toOrigin(row, kept) },
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
      throw new Error('nobody can tell whether rows of a file are stored; the import sends them again');
  }
}

function toOrigin({ lead, row }: ImportedRow, { reading, ringsOld }: Kept): Origin {
  return {
    connectionId: null,
    deliveryId: randomUUID(),
    part: 0,
    idScope: '',
    method: 'POST',
    query: toRowQuery(row, reading),
    contentType: importedType,
    raw: null,
    agentMode: null,
    phoneRaw: lead.phoneRaw,
    phoneAlternates: lead.phoneAlternates,
    enquiryType: lead.enquiryType,
    dndFlag: lead.dndFlag,
    isTest: lead.isTest,
    countsFromArrival: ringsOld,
  };
}

type Known = { accepted: { leadId: number | null } | undefined; isRefused: boolean };

/**
 * Finds what became of rows that came before. A repeated row needs no receipt of its own. Leads of Meta's own file are
 * found by the ids of Meta's webhook, whatever source the importing person names.
 */
async function findKnown(
  postgres: Database,
  read: readonly ImportedRow[],
  kept: Kept,
): Promise<(row: ImportedRow) => Known> {
  const toAsked = (row: ImportedRow, source: string) => ({
    receiptId: randomUUID(),
    source,
    idScope: '',
    sourceLeadId: row.id,
    idempotencyKey: null,
    bodyHash: '',
    read: row.lead.read,
    origin: toOrigin(row, kept),
  });
  const asked = read.map((row) => toAsked(row, row.source));
  const askedOfMeta = kept.reading.isMeta ? read.map((row) => toAsked(row, 'meta')) : [];
  const known = await findKnownIds(postgres.sql, [...asked, ...askedOfMeta]);
  const refused = await rows(
    postgres.sql,
    z.object({ source: z.string(), id: z.string() }),
    `select distinct r.source, r.source_lead_id as id
       from jsonb_to_recordset($1::jsonb) as a(source text, "sourceLeadId" text)
       join lead_receipts r on r.source = a.source and r.id_scope = '' and r.source_lead_id = a."sourceLeadId"
      where r.verdict = 'rejected'`,
    [JSON.stringify(asked)],
  );
  const keyOf = ({ source, id }: { source: string; id: string }): string => `${source} ${id}`;
  const refusedKeys = new Set(refused.map(keyOf));
  const byRow = new Map(
    read.map((row, at) => {
      const answers = [asked[at], askedOfMeta[at]].map((question) => known.get(question?.receiptId ?? ''));
      return [row, answers.find((what) => what?.kind === 'same')] as const;
    }),
  );
  return (row) => {
    const earlier = byRow.get(row);
    return { accepted: earlier?.kind === 'same' ? earlier : undefined, isRefused: refusedKeys.has(keyOf(row)) };
  };
}
