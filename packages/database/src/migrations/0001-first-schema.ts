import { Migration } from '@mikro-orm/migrations';

/**
 * Makes our schema in an empty database, and adopts one that the old program filled: its rows stay as they are, only
 * missing columns are added. Every statement may be run again.
 */
export class FirstSchema extends Migration {
  override up(): void {
    for (const statement of [
      ...sharedTables,
      ...addedColumns,
      ...ourTables,
      ...functions,
      ...indexes,
      adoption,
      ...triggers,
    ]) {
      this.addSql(statement);
    }
  }
}

/** Exactly the two tables of the contract: names, types, defaults and order. */
const sharedTables = [
  `create table if not exists leads (
     id serial primary key, name text not null, phone text not null, source text not null, email text,
     product_name text, city text, state text, query_message text, status text not null default 'new',
     retry_after timestamptz, retry_count int not null default 0,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now())`,
  `create table if not exists calls (
     id serial primary key, lead_id int references leads(id) on delete set null, name text, phone text not null,
     source text, qualification jsonb, status text not null default 'calling', failure_reason text, call_room text,
     call_started_at timestamptz not null default now(), call_ended_at timestamptz, duration_seconds int,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now())`,
];

/** What an older form of the two tables may lack, then what is ours. A default that differs from row to row is none. */
const addedColumns = [
  `alter table leads
     add column if not exists source text not null default 'unknown', add column if not exists email text,
     add column if not exists product_name text, add column if not exists city text, add column if not exists state text,
     add column if not exists query_message text, add column if not exists status text not null default 'new',
     add column if not exists retry_after timestamptz, add column if not exists retry_count int not null default 0,
     add column if not exists created_at timestamptz not null default now(),
     add column if not exists updated_at timestamptz not null default now(),
     add column if not exists failure_reason text`,
  `alter table calls
     add column if not exists lead_id int references leads(id) on delete set null, add column if not exists name text,
     add column if not exists source text, add column if not exists qualification jsonb,
     add column if not exists status text not null default 'calling', add column if not exists failure_reason text,
     add column if not exists call_room text, add column if not exists call_started_at timestamptz not null default now(),
     add column if not exists call_ended_at timestamptz, add column if not exists duration_seconds int,
     add column if not exists created_at timestamptz not null default now(),
     add column if not exists updated_at timestamptz not null default now(),
     add column if not exists attempt int, add column if not exists agent_mode text,
     add column if not exists answered_at timestamptz, add column if not exists sip_status int,
     add column if not exists do_not_call boolean, add column if not exists crm_task_id text`,
];

const outbox = (service: string): string[] => [
  `create table if not exists ${service}_outbox (
     id uuid primary key, seq bigint generated always as identity, aggregate text not null, subject text not null,
     headers jsonb not null default '{}', payload jsonb not null,
     created_at timestamptz not null default clock_timestamp(), attempts int not null default 0, last_error text,
     failed_at timestamptz, published_at timestamptz)`,
  `create index if not exists ${service}_outbox_waiting on ${service}_outbox (seq)
     where published_at is null and failed_at is null`,
  `create index if not exists ${service}_outbox_created on ${service}_outbox (created_at)`,
];

const ourTables = [
  `create table if not exists lead_receipts (
     id uuid primary key, received_at timestamptz not null default clock_timestamp(), source text not null,
     source_lead_id text, idempotency_key text, body_hash text not null, body text not null,
     verdict text not null check (verdict in ('accepted', 'rejected')), faults jsonb,
     lead_id int references leads(id) on delete set null, enquired_at timestamptz)`,
  `create unique index if not exists lead_receipts_source_lead on lead_receipts (source, source_lead_id)
     where verdict = 'accepted' and source_lead_id is not null`,
  `create unique index if not exists lead_receipts_idempotency on lead_receipts (source, idempotency_key)
     where verdict = 'accepted' and idempotency_key is not null`,
  `create index if not exists lead_receipts_received on lead_receipts (source, received_at)`,
  `create index if not exists lead_receipts_lead on lead_receipts (lead_id)`,
  ...outbox('ingest'),
  ...outbox('dispatcher'),
  ...outbox('call_tracker'),
  ...outbox('crm_pusher'),
  `create table if not exists dials (
     call_id int primary key references calls(id) on delete cascade, lead_id int not null, attempt int not null,
     phone text not null, owner text not null, claimed_at timestamptz not null, sent_at timestamptz,
     revoked_at timestamptz, put_back_reason text, decided_at timestamptz, decided_as text,
     probe boolean not null default false, check (sent_at is null or revoked_at is null))`,
  `create table if not exists do_not_call (
     id serial primary key, phone text not null, reason text not null,
     added_at timestamptz not null default clock_timestamp(), added_by text not null, removed_at timestamptz,
     removed_by text)`,
  `create table if not exists dial_control (
     id int primary key check (id = 1), stopped_at timestamptz, stopped_by text, stop_reason text,
     next_dial_at timestamptz, breaker_open_until timestamptz, breaker_delay_ms int,
     startup_failures int not null default 0)`,
  `insert into dial_control (id) values (1) on conflict do nothing`,
  `create table if not exists lead_waits (
     lead_id int primary key references leads(id) on delete cascade, reason text not null, until timestamptz,
     noted_at timestamptz not null default clock_timestamp())`,
  `create table if not exists dispatcher_audit (
     id bigserial primary key, at timestamptz not null default clock_timestamp(), action text not null,
     who text not null, reason text not null, lead_id int, phone text, call_id int, details jsonb)`,
  `create index if not exists dispatcher_audit_lead on dispatcher_audit (lead_id) where lead_id is not null`,
  `create table if not exists call_facts (
     call_id int primary key references calls(id) on delete cascade, leg_joined_at timestamptz,
     leg_left_at timestamptz, leg_left_reason text, leg_left_status text, ever_answered boolean not null default false,
     dial_result jsonb, agent_ready_at timestamptz, agent_ended_at timestamptz, ended_by text,
     callback_at timestamptz, answer_times jsonb, stopped_at timestamptz, last_look jsonb, settle_at timestamptz,
     number_free_at timestamptz, slot_free_at timestamptz)`,
  `create table if not exists crm_pushes (
     call_id int primary key references calls(id) on delete cascade, attempts int not null default 0, customer_id text,
     sent_at timestamptz, next_try_at timestamptz, empty_looks int not null default 0, last_looked_at timestamptz,
     last_error text, failed_at timestamptz, task_id text)`,
  `create table if not exists odd_steps (
     id bigserial primary key, table_name text not null, row_id int not null, from_status text, to_status text,
     db_user text not null, at timestamptz not null default clock_timestamp())`,
  `create table if not exists call_changes (seq bigserial primary key, call_id int not null)`,
  `create table if not exists adoption (
     id int primary key check (id = 1), adopted_at timestamptz not null default clock_timestamp(),
     highest_call_id int not null)`,
];

const functions = [
  // Numbers are compared by their last ten digits: old rows hold 9876543210, ours +919876543210.
  `create or replace function last_ten(phone text) returns text language sql immutable strict parallel safe
     return right(regexp_replace(phone, '\\D', '', 'g'), 10)`,
  `create or replace function leadline_note_odd_step(of_table text, of_row int, from_status text, to_status text, by_user text)
   returns void language sql security definer set search_path = public, pg_temp as
   $$ insert into odd_steps (table_name, row_id, from_status, to_status, db_user)
      values (of_table, of_row, from_status, to_status, by_user) $$`,
  // Runs as the caller, so that current_user tells which service asks. Whoever is not one of ours is only noted.
  `create or replace function leadline_check_step() returns trigger language plpgsql as $$
   declare
     step text := old.status || '>' || new.status;
     stepper text := case
       when tg_table_name = 'leads' then case
         when step in ('new>dispatched', 'dispatched>new', 'new>failed', 'dispatched>failed', 'failed>new', 'failed>dispatched')
           then 'leadline_dispatcher' end
       else case
         when step in ('calling>called', 'calling>failed', 'failed>called') then 'leadline_call_tracker'
         when step = 'called>pushed' then 'leadline_crm_pusher' end
     end;
   begin
     if current_user in ('leadline_ingest', 'leadline_dispatcher', 'leadline_call_tracker', 'leadline_crm_pusher', 'leadline_dashboard') then
       if stepper is distinct from current_user then
         raise exception '% % may not go from % to % by %', tg_table_name, old.id, old.status, new.status, current_user
           using errcode = 'check_violation', hint = 'See the life of a lead and of a call in docs/architecture.md.';
       end if;
     elsif stepper is null then
       perform leadline_note_odd_step(tg_table_name, old.id, old.status, new.status, current_user);
     end if;
     return new;
   end $$`,
  // Anyone's new open call needs a lead that may be called now. Our claim has checked the time by its own clock.
  `create or replace function leadline_check_open_call() returns trigger language plpgsql as $$
   declare lead record;
   begin
     select status, retry_after into lead from leads where id = new.lead_id;
     if lead.status is distinct from 'new' then
       raise exception 'lead % is %, not new: it may not be called now', new.lead_id, coalesce(lead.status, 'gone')
         using errcode = 'check_violation';
     end if;
     if lead.retry_after > clock_timestamp() and current_user <> 'leadline_dispatcher' then
       raise exception 'lead % may not be called before %', new.lead_id, lead.retry_after using errcode = 'check_violation';
     end if;
     return new;
   end $$`,
  `create or replace function leadline_note_call_change() returns trigger language plpgsql
     security definer set search_path = public, pg_temp as $$
   begin
     insert into call_changes (call_id) values (coalesce(new.id, old.id));
     return null;
   end $$`,
];

const indexes = [
  `create index if not exists leads_due on leads (created_at, id) where status = 'new'`,
  `create index if not exists leads_retry on leads (retry_after) where status = 'new'`,
  `create index if not exists leads_last_ten on leads (last_ten(phone))`,
  `create index if not exists calls_lead on calls (lead_id)`,
  `create index if not exists calls_room on calls (call_room)`,
  `create index if not exists calls_open on calls (call_started_at) where status = 'calling'`,
  `create index if not exists calls_last_ten on calls (last_ten(phone))`,
  `create index if not exists calls_called on calls (updated_at) where status = 'called'`,
  `create index if not exists calls_answered on calls (updated_at) where status in ('called', 'pushed')`,
  `create index if not exists calls_do_not_call on calls (last_ten(phone)) where do_not_call`,
  `create index if not exists dials_last_ten on dials (last_ten(phone)) where revoked_at is null`,
  `create index if not exists dials_undecided on dials (call_id) where decided_at is null`,
  `create index if not exists dials_unsent on dials (claimed_at) where sent_at is null and revoked_at is null`,
  `create index if not exists dials_claimed on dials (claimed_at) where revoked_at is null`,
  `create index if not exists dials_lead on dials (lead_id)`,
  `create index if not exists do_not_call_last_ten on do_not_call (last_ten(phone))`,
  `create index if not exists call_facts_settle on call_facts (settle_at) where settle_at is not null`,
];

/** One open call a lead, for every call after those that were there: built once, under a lock taken before the id is read. */
const adoption = `do $$
   declare highest int;
   begin
     if exists (select 1 from adoption) then return; end if;
     lock table calls in share row exclusive mode;
     select coalesce(max(id), 0) into highest from calls;
     insert into adoption (id, highest_call_id) values (1, highest);
     execute format('create unique index calls_one_open on calls (lead_id) where status = ''calling'' and id > %s', highest);
   end $$`;

const triggers = [
  `create or replace trigger leads_check_step before update of status on leads for each row
     when (old.status is distinct from new.status) execute function leadline_check_step()`,
  `create or replace trigger calls_check_step before update of status on calls for each row
     when (old.status is distinct from new.status) execute function leadline_check_step()`,
  `create or replace trigger calls_check_open before insert on calls for each row
     when (new.status = 'calling' and new.lead_id is not null) execute function leadline_check_open_call()`,
  `create or replace trigger calls_note_change after insert or update or delete on calls for each row
     execute function leadline_note_call_change()`,
];
