import { toHeaders } from '@leadline/contracts/envelope';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import { leadEnquiryAdded } from '@leadline/contracts/events/lead-enquiry-added';
import { testCallSource } from '@leadline/contracts/test-call';
import { rows, type Sql } from '@leadline/database/sql';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Delivery } from './delivery.ts';
import { originColumns, originTypes, toOriginRecord } from './origin.ts';

/** The envelopes of both events, without the fields that only the statement knows. */
const envelopes = [leadCreated, leadEnquiryAdded].map(({ type }) =>
  JSON.stringify(toHeaders({ id: '-', type, source: 'ingest', subject: '-', time: new Date(0) })),
);

const delivered = z.object({
  id: z.string(),
  added: z.boolean(),
  leadId: z.number().nullable(),
  joined: z.boolean(),
  open: z.boolean(),
});

export type Inserted = {
  /** The lead that a new delivery made or joined; undefined if it added nothing, with a null id if it was refused. */
  added: { leadId: number | null; joined: boolean } | undefined;
  /** Whether an open lead of its number is there now. */
  open: boolean;
};

/**
 * Inserts lead, receipt and event of many deliveries in one statement, because round trips limit the throughput of
 * ingest. Receipts go in first; only a new receipt gets a lead and an event. So running it again after a lost answer
 * adds nothing, and the same source id twice makes one lead. A buyer with an open lead of the last `dedupeDays` gets no
 * second one: the enquiry joins it. The statement sees only committed leads, so callers with `dedupeDays` hold the
 * locks of the numbers, and pass at most one enquiry of a number until it has an open lead.
 * @returns what became of each delivery, by receipt id; repeats are not `added`
 */
export async function insertLeads(
  sql: Sql,
  deliveries: readonly Delivery[],
  dedupeDays: number,
): Promise<Map<string, Inserted>> {
  const stored = await rows(sql, delivered, statement, [
    JSON.stringify(deliveries.toSorted(inOneOrder).map(toRecord)),
    ...envelopes,
    dedupeDays,
    dedupeDays === 0 ? [] : deliveries.flatMap(({ read }) => (read.ok ? [read.lead.phone.slice(-10)] : [])),
  ]);
  return new Map(
    stored.map(({ id, added, leadId, joined, open }) => [id, { added: added ? { leadId, joined } : undefined, open }]),
  );
}

const iso = (instant: string): string => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const statement = `
  with open_leads as materialized (
    -- A buyer's lead that is still open: waiting for its call, or in one that is not decided. A number that its vendor
    -- says is on a do-not-disturb list is no lead to join, for it is not going to be rung.
    select distinct on (last_ten(l.phone)) last_ten(l.phone) as number, l.id, l.source
      from leads l
     where last_ten(l.phone) = any($5::text[]) and l.created_at > clock_timestamp() - $4::int * interval '1 day'
       and (l.status = 'new' or l.status = 'dispatched' and exists (
             select from calls c left join dials i on i.call_id = c.id
              where c.lead_id = l.id and (c.status = 'calling' or i.call_id is not null and i.decided_at is null)))
       and not exists (select from lead_origins o where o.lead_id = l.id and (o.dnd_flag or o.is_test))
     order by 1, l.id desc
  ), delivered as materialized (
    select d.*, open.id as open_id, open.source as open_source,
           -- A vendor's test of its connection rings nobody; a test call of ours does.
           d.is_test is true and d.source <> '${testCallSource}' as rings_nobody,
           case when verdict = 'accepted' and open.id is null
             then nextval((select pg_get_serial_sequence('leads', 'id'))) end as new_id
      from json_to_recordset($1::json) as d(
        id uuid, source text, source_lead_id text, idempotency_key text, body_hash text, body text, verdict text,
        faults jsonb, enquired_at timestamptz, event_id uuid, name text, phone text, email text, product_name text,
        city text, state text, query_message text, id_scope text, same_id_as uuid, agent_mode text,
        traceparent text, ${originTypes})
      left join open_leads as open
        on open.number = right(d.phone, 10) and d.verdict = 'accepted' and d.is_test is not true
  ), receipts as (
    insert into lead_receipts
           (id, source, id_scope, source_lead_id, idempotency_key, body_hash, body, verdict, faults, enquired_at,
            lead_id, traceparent, same_id_as, number_hash, ${originColumns})
    select id, source, id_scope, source_lead_id, idempotency_key, body_hash, body, verdict, faults, enquired_at,
           coalesce(new_id, open_id), traceparent, same_id_as,
           -- leadline_phone_hash, with its key read once.
           encode(sha256(convert_to((select key from erasure_key where id = 1) || right(phone, 10), 'UTF8')), 'hex'),
           ${originColumns}
      from delivered
        on conflict do nothing
    returning id, lead_id, received_at
  ), accepted as (
    select d.*, r.lead_id, r.received_at, coalesce(enquired_at, received_at) as asked_at
      from receipts r join delivered d on d.id = r.id where r.lead_id is not null
  ), added as (
    insert into leads (id, name, phone, source, email, product_name, city, state, query_message, status,
                       failure_reason)
    select lead_id, name, phone, source, email, product_name, city, state, query_message,
           case when rings_nobody then 'failed' else 'new' end, case when rings_nobody then 'test_lead' end
      from accepted where new_id is not null
  ), origins as (
    insert into lead_origins (lead_id, connection_id, dnd_flag, is_test, agent_mode)
    select lead_id, connection_id, dnd_flag, is_test, agent_mode 
      from accepted where new_id is not null and (connection_id is not null or dnd_flag or is_test)
  ), enquiries as (
    insert into lead_enquiries (receipt_id, lead_id, source, product_name, query_message, enquired_at, dnd_flag)
    select id, lead_id, source, product_name, query_message, asked_at, dnd_flag from accepted where new_id is null
  ), events as (
    insert into ingest_outbox (id, aggregate, subject, headers, payload)
    select event_id, 'lead/' || lead_id,
           case when new_id is null then '${leadEnquiryAdded.type}' else '${leadCreated.type}' end,
           (case when new_id is null then $3 else $2 end)::jsonb || jsonb_build_object(
             'ce-id', event_id, 'ce-subject', 'lead/' || lead_id, 'ce-time', ${iso('received_at')})
             || case when traceparent is null then '{}' else jsonb_build_object('traceparent', traceparent) end,
           jsonb_build_object('leadId', lead_id, 'source', coalesce(open_source, source), 'enquiredAt', ${iso('asked_at')})
             || case when new_id is null
                  then jsonb_build_object('enquiryId', id, 'enquirySource', source) else '{}' end
      from accepted where not rings_nobody
    returning id
  ), told as (
    select pg_notify('ingest_outbox', '') from events limit 1
  )
  select d.id, r.id is not null as added, r.lead_id, r.lead_id is not null and d.new_id is null as joined,
         open_id is not null or r.lead_id is not null and is_test is not true and dnd_flag is not true as open
    from delivered d left join receipts r on r.id = d.id left join told on true`;

/** One order for all groups, so that two groups with the same names can't deadlock. */
function inOneOrder(a: Delivery, b: Delivery): number {
  const left = nameOf(a);
  const right = nameOf(b);
  return left === right ? 0 : left < right ? -1 : 1;
}

function nameOf({ sourceLeadId, idempotencyKey }: Delivery): string {
  return sourceLeadId ?? idempotencyKey ?? '';
}

function toRecord(delivery: Delivery) {
  const { read } = delivery;
  const receipt = {
    id: delivery.receiptId,
    source: delivery.source,
    id_scope: delivery.bound?.idScope ?? delivery.idScope,
    same_id_as: delivery.bound?.sameIdAs ?? null,
    source_lead_id: delivery.sourceLeadId,
    idempotency_key: delivery.idempotencyKey,
    body_hash: delivery.bodyHash,
    body: delivery.body,
    traceparent: delivery.traceparent,
    ...toOriginRecord(delivery.origin),
  };
  if (!read.ok) return { ...receipt, verdict: 'rejected', faults: read.faults };
  const { lead } = read;
  return {
    ...receipt,
    verdict: 'accepted',
    enquired_at: lead.enquiredAt,
    event_id: randomUUID(),
    name: lead.name,
    phone: lead.phone,
    email: lead.email,
    product_name: lead.productName,
    city: lead.city,
    state: lead.state,
    query_message: lead.message,
  };
}
