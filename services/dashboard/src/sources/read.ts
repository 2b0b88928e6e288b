import { fieldFault } from '@leadline/contracts/field-fault';
import type { Database } from '@leadline/database/open-database';
import { instant, row, rows } from '@leadline/database/sql';
import { z } from 'zod';

const count = z.number();
const source = z.object({
  source: z.string(),
  lastAt: instant.nullable(),
  connections: count,
  enabled: count,
  accepted: count,
  joined: count,
  repeated: count,
  rejected: count,
  otherNumbers: count,
  askedAt: instant.nullable(),
  readAt: instant.nullable(),
  lastError: z.string().nullable(),
  nextAt: instant.nullable(),
  blankSince: instant.nullable(),
  waiting: count,
  givenUp: count,
  awaitedError: z.string().nullable(),
});
/** A source of leads, with its counts of the last 24 hours. */
export type SourceState = z.output<typeof source>;

/** A repeat has no source id of its own, and an earlier receipt. */
const isRepeat = `r.source_lead_id is null and exists (
  select 1 from lead_receipts f where f.lead_id = r.lead_id and (f.received_at, f.id) < (r.received_at, r.id))`;

/** Every source that ever delivered or has a connection. */
export function readSources(postgres: Database): Promise<SourceState[]> {
  return rows(
    postgres.sql,
    source,
    `with recursive delivered as (
       (select source from lead_receipts order by source limit 1)
       union all
       select (select r.source from lead_receipts r where r.source > d.source order by r.source limit 1)
         from delivered d where d.source is not null
     ), named as (
       select source from delivered where source is not null union select source from source_connections
     )
     select n.source, (select max(r.received_at) from lead_receipts r where r.source = n.source) as last_at,
            c.connections, c.enabled, c.asked_at, c.read_at, c.last_error, c.next_at, c.blank_since,
            a.waiting, a.given_up, a.awaited_error,
            coalesce(d.accepted, 0) as accepted, coalesce(d.joined, 0) as joined, coalesce(d.repeated, 0) as repeated,
            coalesce(d.rejected, 0) as rejected, coalesce(d.other_numbers, 0) as other_numbers
       from named n
       cross join lateral (
         select count(*)::int as connections, count(*) filter (where s.enabled)::int as enabled,
                max(p.asked_at) filter (where s.enabled) as asked_at, min(p.next_at) filter (where s.enabled) as next_at,
                min(p.succeeded_at) filter (where s.enabled) as read_at,
                max(p.last_error) filter (where s.enabled) as last_error,
                min(p.blank_since) filter (where s.enabled) as blank_since
           from source_connections s left join source_polls p on p.connection_id = s.id where s.source = n.source) c
       cross join lateral (
         select count(*) filter (where w.given_up_at is null and w.last_error is not null)::int as waiting,
                count(*) filter (where w.given_up_at is not null)::int as given_up,
                (array_agg(w.last_error order by w.received_at desc)
                   filter (where w.last_error is not null))[1] as awaited_error
           from source_connections s join awaited_leads w on w.connection_id = s.id and w.done_at is null
          where s.source = n.source and s.enabled) a
       left join lateral (
         select count(*) filter (where verdict = 'accepted' and not joined and not repeated)::int as accepted,
                count(*) filter (where joined)::int as joined, count(*) filter (where repeated)::int as repeated,
                count(*) filter (where verdict = 'rejected')::int as rejected,
                count(*) filter (where same_id_as is not null)::int as other_numbers
           from (select r.verdict, r.same_id_as, e.receipt_id is not null as joined, r.verdict = 'accepted' and ${isRepeat} as repeated
                   from lead_receipts r left join lead_enquiries e on e.receipt_id = r.id
                  where r.source = n.source and r.received_at > clock_timestamp() - interval '1 day') one) d on true
      order by last_at desc nulls last, n.source`,
    [],
  );
}

const rejected = z.object({
  /** To the microsecond; a Date would lose digits. */
  place: z.string(),
  id: z.string(),
  receivedAt: instant,
  source: z.string(),
  sourceLeadId: z.string().nullable(),
  faults: z
    .array(fieldFault)
    .nullable()
    .transform((faults) => faults ?? []),
  phoneRaw: z.string().nullable(),
  leadId: z.number().nullable(),
});
/** `leadId`: the lead that it became after somebody corrected it. */
export type RejectedDelivery = z.output<typeof rejected>;

/** A retry with a corrected number, or a repeat by the sender under the same id, if no other receipt has that id. */
const mended = `left join lateral (
  select f.lead_id from lead_receipts f
   where f.source = r.source and f.idempotency_key = 'receipt ' || r.id and f.verdict = 'accepted'
  union all
  select f.lead_id from lead_receipts f
   where f.source = r.source and f.id_scope = r.id_scope and f.verdict = 'accepted'
     and f.source_lead_id in (r.source_lead_id, 'receipt-' || r.id)
     and not exists (select from lead_receipts o where o.same_id_as = f.id) limit 1) f on true`;
const rejectedColumns = `to_char(r.received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place, r.id, r.received_at, r.source, r.source_lead_id, r.faults, r.phone_raw, f.lead_id`;

const sharedId = z.object({
  receivedAt: instant,
  source: z.string(),
  sourceLeadId: z.string(),
  leadId: z.number().nullable(),
  firstLeadId: z.number().nullable(),
});
/** An id that came with another number: two people, two leads. */
export type SharedId = z.output<typeof sharedId>;

/** Newest first. */
export function readSharedIds(postgres: Database, of: string | undefined, limit: number): Promise<SharedId[]> {
  return rows(
    postgres.sql,
    sharedId,
    `select r.received_at, r.source, r.source_lead_id, r.lead_id, f.lead_id as first_lead_id
       from lead_receipts r left join lead_receipts f on f.id = r.same_id_as
      where r.same_id_as is not null and ($1::text is null or r.source = $1)
      order by r.received_at desc limit $2`,
    [of ?? null, limit],
  );
}

/** Newest first. */
export function readRejected(
  postgres: Database,
  asked: { source: string | undefined; before: string | undefined },
  limit: number,
): Promise<RejectedDelivery[]> {
  return rows(
    postgres.sql,
    rejected,
    `select ${rejectedColumns} from lead_receipts r ${mended}
      where r.verdict = 'rejected' and ($1::text is null or r.source = $1)
        and ($2::timestamptz is null or r.received_at < $2)
      order by r.received_at desc limit $3`,
    [asked.source ?? null, asked.before ?? null, limit],
  );
}

/** One of them, with what was sent; it is the `part`th enquiry in that. */
export async function readDelivery(
  postgres: Database,
  id: string,
): Promise<(RejectedDelivery & { body: string; query: string | null; part: number }) | undefined> {
  const sql = postgres.sql;
  const delivery = await row(
    sql,
    rejected,
    `select ${rejectedColumns} from lead_receipts r ${mended} where r.id = $1 and r.verdict = 'rejected'`,
    [id],
  );
  if (delivery === undefined) return undefined;
  const sent = await row(
    sql,
    z.object({ body: z.string(), query: z.string().nullable(), part: z.number().nullable() }),
    `select coalesce(h.body, r.body) as body, r.query, r.part
       from lead_receipts r left join lead_receipts h on h.delivery_id = r.delivery_id and h.part = 0
      where r.id = $1`,
    [id],
  );
  return { ...delivery, body: sent?.body ?? '', query: sent?.query ?? null, part: sent?.part ?? 0 };
}
