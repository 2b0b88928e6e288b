import { Migration } from '@mikro-orm/migrations';

/**
 * What an agent's report could not say readably, when a wish was heard, and which calls' people were erased: their
 * numbers are known by a keyed hash only.
 */
export class Reports extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  `alter table call_facts
     add column if not exists callback_words text, add column if not exists unread_fields jsonb,
     add column if not exists do_not_call_at timestamptz, add column if not exists do_not_call_said_at timestamptz,
     add column if not exists report_held_at timestamptz, add column if not exists report_held_seq bigint,
     add column if not exists erased_at timestamptz`,
  `alter table dials add column if not exists phone_hash text`,
  `create index if not exists call_facts_report_held on call_facts (call_id) where report_held_at is not null`,
  `create index if not exists dials_phone_hash on dials (phone_hash) where phone_hash is not null`,
  // The dispatcher may compare a number with those of erased people's calls, and read neither the key nor their hashes.
  `create or replace function leadline_number_hash(phone text) returns text language sql stable strict
     security definer set search_path = public, pg_temp as $$ select leadline_phone_hash(phone) $$`,
  `revoke execute on function leadline_number_hash(text) from public`,
];
