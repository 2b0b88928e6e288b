import type { Database } from '@leadline/database/open-database';
import { instant, rows } from '@leadline/database/sql';
import { z } from 'zod';
import { fieldAliases } from '@leadline/contracts/lead-fields';
import type { ParsedDelivery } from '../sources/adapter.ts';
import { parseCsvRow } from '../sources/csv.ts';
import { readRowQuery } from '../sources/file-reading.ts';
import { parseDelivery } from '../sources/parse-delivery.ts';
import type { Aliases } from '../sources/read-fields.ts';
import { findAdapter } from '../sources/registry.ts';
import { importedType } from '../intake/imported-type.ts';

const delivery = z.object({
  /** To the microsecond; a Date would lose digits. */
  place: z.string(),
  id: z.string(),
  receivedAt: instant,
  source: z.string(),
  idScope: z.string(),
  body: z.string(),
  method: z.string().nullable(),
  query: z.string().nullable(),
  contentType: z.string().nullable(),
  deliveryId: z.string().nullable(),
  connectionId: z.string().nullable(),
  aliases: fieldAliases.nullable().catch(null),
  agentMode: z.string().nullable(),
});
/** A delivery as it came: the receipt that keeps its body. */
export type StoredDelivery = z.output<typeof delivery>;

const columns =
  'r.received_at::text as place, r.id, r.received_at, r.source, r.id_scope, r.body, r.method, r.query, r.content_type, r.delivery_id, r.connection_id, c.aliases, c.agent_mode';

/** The content type of a correction or a replay. The first receipt keeps the delivery itself. */
export const retriedType = 'application/vnd.leadline.again+json';

/** Deliveries that some adapter can read, in the order in which they came. */
export function findDeliveries(
  postgres: Database,
  asked: { since: Date; source: string | null; after: { place: string; id: string } | null; limit: number },
): Promise<StoredDelivery[]> {
  return rows(
    postgres.sql,
    delivery,
    `select ${columns}
       from lead_receipts r left join source_connections c on c.id = r.connection_id
      where r.method is not null and r.part = 0 and r.content_type is distinct from $1
        and r.received_at >= $2 and ($3::text is null or r.source = $3)
        and ($4::timestamptz is null or (r.received_at, r.id) > ($4::timestamptz, $5::uuid))
      order by r.received_at, r.id limit $6`,
    [retriedType, asked.since, asked.source, asked.after?.place ?? null, asked.after?.id ?? null, asked.limit],
  );
}

/** The delivery that a receipt belongs to. */
export async function findDeliveryOf(postgres: Database, receiptId: string): Promise<StoredDelivery | undefined> {
  const [found] = await rows(
    postgres.sql,
    delivery,
    `select ${columns}
       from lead_receipts asked
       join lead_receipts r on r.id = asked.id or (r.delivery_id = asked.delivery_id and r.part = 0)
       left join source_connections c on c.id = r.connection_id
      where asked.id = $1 order by r.part nulls last limit 1`,
    [receiptId],
  );
  return found;
}

/**
 * Reads a delivery with today's adapter, and with what a person corrected in it; undefined when no adapter reads it.
 */
export function readAgain(
  storedDelivery: StoredDelivery,
  corrected?: Aliases['corrected'],
): ParsedDelivery | undefined {
  const { query, contentType, body: text } = storedDelivery;
  const known = { ...storedDelivery.aliases, corrected };
  if (contentType === importedType) return parseCsvRow({ text }, readRowQuery(query ?? ''), corrected);
  const adapter = findAdapter(storedDelivery.source);
  if (adapter === undefined || storedDelivery.method === null) return undefined;
  const method = storedDelivery.method === 'GET' ? 'GET' : 'POST';
  return parseDelivery(adapter, { method, query: query ?? '', contentType, text }, known);
}
