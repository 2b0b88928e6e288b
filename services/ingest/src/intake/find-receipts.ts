import { rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { decideKnownId, type About, type Delivered, type KnownId, type StoredReceipt } from './decide-repeat.ts';
import { hashWish, ofNumber, ofWish } from './id-scopes.ts';
import { fault } from './lead-schema.ts';
import type { Origin } from './origin.ts';
import { importedType } from './imported-type.ts';
import type { ReadLead } from './to-lead.ts';

const fileWay = 'file';

/** The facts by which we look up a delivery. */
export type Asked = Delivered & { read: ReadLead; origin?: Origin };

const storedReceipt = z.object({
  id: z.string(),
  source: z.string(),
  idScope: z.string(),
  sourceLeadId: z.string().nullable(),
  idempotencyKey: z.string().nullable(),
  bodyHash: z.string(),
  verdict: z.enum(['accepted', 'rejected']),
  faults: z.array(fault).nullable(),
  leadId: z.number().nullable(),
  numberHash: z.string().nullable(),
  phone: z.string().nullable(),
  productName: z.string().nullable(),
  message: z.string().nullable(),
  way: z.string(),
});

const columns = `r.id, r.source, r.id_scope, r.source_lead_id, r.idempotency_key, r.body_hash, r.verdict, r.faults, r.lead_id,
  r.number_hash, l.phone, case when e.receipt_id is null then l.product_name else e.product_name end as product_name,
  case when e.receipt_id is null then l.query_message else e.query_message end as message,
  case when r.connection_id is not null then r.connection_id || ' ' || r.method
       when r.content_type = '${importedType}' then '${fileWay}' else 'api' end as way`;
const described = `left join leads l on l.id = r.lead_id left join lead_enquiries e on e.receipt_id = r.id`;

/** Finds the receipts that may make these deliveries repeats: by the delivery's own id, its key or its source's id. */
export async function findReceipts(
  sql: Sql,
  deliveries: readonly Asked[],
  abouts: ReadonlyMap<string, About>,
): Promise<StoredReceipt[]> {
  return rows(
    sql,
    storedReceipt,
    `with asked as materialized (
       select * from jsonb_to_recordset($1::jsonb)
         as a("receiptId" uuid, source text, scopes text[], "sourceLeadId" text, "idempotencyKey" text)
     )
     select ${columns} from asked a join lead_receipts r on r.id = a."receiptId" ${described}
     union
     select ${columns} from asked a join lead_receipts r
         on r.source = a.source and r.idempotency_key = a."idempotencyKey" and r.verdict = 'accepted' ${described}
     union
     select ${columns} from asked a cross join lateral unnest(a.scopes) as s(scope) join lead_receipts r
         on r.source = a.source and r.id_scope = s.scope and r.source_lead_id = a."sourceLeadId" and r.verdict = 'accepted'
         ${described}`,
    [
      JSON.stringify(
        deliveries.map(({ receiptId, source, idScope, sourceLeadId, idempotencyKey }) => ({
          receiptId,
          source,
          scopes: toScopes(idScope, abouts.get(receiptId)),
          sourceLeadId,
          idempotencyKey,
        })),
      ),
    ],
  );
}

/** Every scope in which the id may be bound for this delivery. */
function toScopes(idScope: string, about: About | undefined): string[] {
  if (about === undefined) return [idScope];
  const own = ofNumber(idScope, about.numberHash);
  return [idScope, own, ofWish(idScope, about.wishHash), ofWish(own, about.wishHash)];
}

const hashed = z.object({ phone: z.string(), numberHash: z.string(), isErased: z.boolean() });

/** Who enquires and what for, by receipt id. Deliveries that are no leads have no entry. */
export async function readAbouts(sql: Sql, deliveries: readonly Asked[]): Promise<Map<string, About>> {
  const phones = deliveries.flatMap(({ read }) => (read.ok ? [read.lead.phone] : []));
  if (phones.length === 0) return new Map();
  const hashes = await rows(
    sql,
    hashed,
    `select phone, number_hash, exists (select from erased_numbers where phone_hash = number_hash) as is_erased
       from (select distinct phone, leadline_phone_hash(phone) as number_hash from unnest($1::text[]) as p(phone)) n`,
    [phones],
  );
  const numbers = new Map(hashes.map((row) => [row.phone, row]));
  return new Map(
    deliveries.flatMap(({ receiptId, read, origin }): [string, About][] => {
      const number = read.ok ? numbers.get(read.lead.phone) : undefined;
      if (!read.ok || number === undefined) return [];
      const { phone, productName } = read.lead;
      const way = toWay(origin);
      // People edit a file and send it again: the remarks differ, the enquiries are the same.
      const message = way === fileWay ? null : read.lead.message;
      const about: About = {
        phone,
        numberHash: number.numberHash,
        isErased: number.isErased,
        productName,
        message,
        wishHash: hashWish({ productName, message }),
        way,
      };
      return [[receiptId, about]];
    }),
  );
}

function toWay(origin: Origin | undefined): string {
  if (origin === undefined) return 'api';
  if (origin.connectionId !== null) return `${origin.connectionId} ${origin.method}`;
  return origin.contentType === importedType ? fileWay : 'api';
}

/** What the source ids of these deliveries mean already, by receipt id. Only reads. */
export async function findKnownIds(sql: Sql, deliveries: readonly Asked[]): Promise<Map<string, KnownId>> {
  const abouts = await readAbouts(sql, deliveries);
  const receipts = abouts.size === 0 ? [] : await findReceipts(sql, deliveries, abouts);
  return new Map(
    deliveries.flatMap((delivery): [string, KnownId][] => {
      const about = abouts.get(delivery.receiptId);
      const known = about === undefined ? undefined : decideKnownId(delivery, about, receipts);
      return known === undefined ? [] : [[delivery.receiptId, known]];
    }),
  );
}
