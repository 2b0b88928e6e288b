import type { TestDatabase } from './database.ts';

/**
 * Leads that were called and pushed two days ago, with their receipts, events and tasks, so that a search that reads all of
 * them shows in what it reads. Their numbers begin with +9196.
 */
export async function fillWithPast(database: TestDatabase, calls: number): Promise<void> {
  await database.query(
    `with past as (
       insert into leads (name, phone, source, status, created_at)
       select 'Asha', '+9196' || lpad(n::text, 8, '0'), 'website', 'dispatched', clock_timestamp() - interval '2 days'
         from generate_series(1, $1::int) n returning id, phone, created_at),
     received as (
       insert into lead_receipts (id, source, source_lead_id, body_hash, body, verdict, lead_id, number_hash, received_at)
       select gen_random_uuid(), 'website', 'PAST-' || right(phone, 8)::int, md5(phone), '{}', 'accepted', id,
              leadline_phone_hash(phone), created_at from past),
     told as (
       insert into ingest_outbox (id, aggregate, subject, headers, payload, created_at, published_at)
       select gen_random_uuid(), 'lead/' || id, 'lead.created', '{}', '{}', created_at, created_at from past),
     rung as (
       insert into calls (lead_id, phone, name, source, status, qualification, attempt, call_room, call_started_at,
                          call_ended_at, updated_at)
       select id, phone, 'Asha', 'website', 'pushed', '{"budget": "9 lakh"}', 1, 'call-' || id || '-abcdef123456',
              created_at, created_at + interval '2 minutes', created_at from past
         returning id, lead_id, phone, call_started_at),
     dialled as (
       insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
       select id, lead_id, 1, phone, 'one', call_started_at, call_started_at, call_started_at, 'called' from rung),
     pushed as (
       insert into crm_pushes (call_id, attempts, customer_id, task_id, sent_at, enquiries)
       select id, 1, 'c', 't', call_started_at, '{}' from rung)
     insert into call_facts (call_id, number_free_at, slot_free_at) select id, call_started_at, call_started_at from rung`,
    [calls],
  );
  await database.query('vacuum analyze');
}
