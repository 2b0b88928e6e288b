import type { Ground } from './start-ground.ts';

/**
 * Leads that were called and pushed ten days ago, and leads that wait five hours for their next attempt. The dashboard is
 * told nothing of them.
 */
export async function fillDatabase(ground: Ground, sizes: { oldCalls: number; waitingRetries: number }): Promise<void> {
  await ground.query(`
    with l as (
      insert into leads (name, phone, source, status, created_at)
      select 'Asha', '+9170' || lpad(n::text, 8, '0'), 'website', 'dispatched', clock_timestamp() - interval '10 days'
        from generate_series(1, ${sizes.oldCalls}) n returning id, phone, created_at),
    r as (
      insert into lead_receipts (id, source, source_lead_id, body_hash, body, verdict, lead_id, received_at)
      select gen_random_uuid(), 'website', 'OLD-' || id, md5(id::text), '{"name":"Asha","phone":"' || phone || '"}',
             'accepted', id, created_at from l),
    c as (
      insert into calls (lead_id, name, phone, source, status, call_room, call_started_at, attempt, qualification,
                         call_ended_at, duration_seconds, answered_at)
      select id, 'Asha', phone, 'website', 'pushed', 'call-' || id || '-abcdefghijkl', created_at, 1,
             '{"location":"Pune"}', created_at + interval '1 minute', 60, created_at from l
      returning id, lead_id, phone, call_started_at as at),
    d as (
      insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
      select id, lead_id, 1, phone, 'bench', at, at, at + interval '2 minutes', 'called' from c)
    insert into call_facts (call_id, slot_free_at, number_free_at)
    select id, at + interval '2 minutes', at + interval '2 minutes' from c`);
  await ground.query(`
    insert into leads (name, phone, source, created_at, retry_after, retry_count)
    select 'Asha', '+9171' || lpad(n::text, 8, '0'), 'website', clock_timestamp() - interval '10 hours',
           clock_timestamp() + interval '5 hours', 1
      from generate_series(1, ${sizes.waitingRetries}) n`);
  await ground.query('delete from call_changes');
  await ground.query('vacuum analyze');
}
