import { rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { Delivery } from './delivery.ts';

/** The scope that `ofNumber` writes. */
const numberScope = `a."idScope" || ' #' || left(leadline_phone_hash(a.phone), 32)`;

const detail = 'the person was erased after this enquiry';

/**
 * Refuses what people sent before they asked to be erased, and keeps nothing of it: somebody imports an old file again,
 * or a vendor lists old enquiries again. A repeat of a stored delivery still counts as a repeat, and a new enquiry as
 * new. An id that means another person's enquiry makes no repeat.
 */
export async function refuseErased(sql: Sql, deliveries: Delivery[]): Promise<Delivery[]> {
  const dated = deliveries.flatMap(({ receiptId, read, source, idScope, sourceLeadId, idempotencyKey }) =>
    read.ok && read.lead.enquiredAt !== null
      ? [
          {
            id: receiptId,
            phone: read.lead.phone,
            at: read.lead.enquiredAt,
            source,
            idScope,
            sourceLeadId,
            idempotencyKey,
          },
        ]
      : [],
  );
  if (dated.length === 0) return deliveries;
  const erased = await rows(
    sql,
    z.object({ id: z.string(), isRepeat: z.boolean() }),
    `select d.id,
            exists (select from lead_receipts r left join leads l on l.id = r.lead_id
                     where r.verdict = 'accepted' and r.source = d.source and r.source_lead_id = d."sourceLeadId"
                       and r.id_scope in (d."idScope", d."numberScope")
                       and case when r.number_hash is not null then r.number_hash = d.number_hash
                                else coalesce(l.phone, '') !~ '[0-9]{10}$' or last_ten(l.phone) = last_ten(d.phone) end)
         or exists (select from lead_receipts r where r.verdict = 'accepted' and r.source = d.source
                       and r.idempotency_key = d."idempotencyKey") as is_repeat
       from (select a.*, leadline_phone_hash(a.phone) as number_hash, ${numberScope} as "numberScope"
               from jsonb_to_recordset($1::jsonb) as a(id uuid, phone text, at timestamptz, source text, "idScope" text,
                                                       "sourceLeadId" text, "idempotencyKey" text)) d
      where exists (select from erased_numbers)
        and exists (select from erased_numbers e where e.phone_hash = d.number_hash and d.at <= e.erased_at)`,
    [JSON.stringify(dated)],
  );
  const before = new Map(erased.map((row) => [row.id, row.isRepeat]));
  // Several leads may share one body, so it names all of their people.
  const bodies = new Set(
    deliveries.flatMap((delivery) => (before.has(delivery.receiptId) ? (delivery.origin?.deliveryId ?? []) : [])),
  );
  return deliveries.map((delivery) => {
    const isRepeat = before.get(delivery.receiptId);
    if (isRepeat === undefined) return bodies.has(delivery.origin?.deliveryId ?? '') ? toEmptied(delivery) : delivery;
    const emptied = toEmptied(delivery);
    if (emptied.origin !== undefined) emptied.origin = { ...emptied.origin, phoneRaw: null, phoneAlternates: [] };
    return isRepeat
      ? emptied
      : { ...emptied, read: { ok: false, faults: [{ pointer: '/phone', reason: 'erased', detail }] } };
  });
}

function toEmptied(delivery: Delivery): Delivery {
  if (delivery.origin === undefined) return { ...delivery, body: '' };
  return { ...delivery, body: '', origin: { ...delivery.origin, raw: null, query: '' } };
}
