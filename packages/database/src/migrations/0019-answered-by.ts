import { Migration } from '@mikro-orm/migrations';

/** Who took a call and what became of it, by the agent's word; what the phone network said; and both in the read model. */
export class AnsweredBy extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  `alter table call_facts
     add column if not exists answered_by text, add column if not exists answered_by_at timestamptz,
     add column if not exists answered_after_ms int, add column if not exists answered_detail text,
     add column if not exists message_left boolean, add column if not exists disposition text,
     add column if not exists language text, add column if not exists disposition_at timestamptz`,
  // The provider's own words on a dial that failed, without numbers.
  `alter table dials add column if not exists network_phrase text`,
  // A fact that comes after its call was settled changes the read model too. Before that, settling notes the call anyway.
  `create or replace function leadline_note_fact_change() returns trigger language plpgsql
     security definer set search_path = public, pg_temp as $$
   begin
     insert into call_changes (call_id) select id from calls where id = new.call_id and status <> 'calling';
     return null;
   end $$`,
  `create or replace trigger call_facts_note_new after insert on call_facts for each row
     when (new.answered_by is not null or new.disposition is not null) execute function leadline_note_fact_change()`,
  `create or replace trigger call_facts_note_change after update on call_facts for each row
     when (old.answered_by is distinct from new.answered_by or old.disposition is distinct from new.disposition)
     execute function leadline_note_fact_change()`,
  `alter table call_minutes add column if not exists answered_by text, add column if not exists disposition text`,
  // Calls of which an agent told who took them or what became of them; an empty text is what it did not tell.
  `create table if not exists reached_daily (
     generation int not null, day date not null, source text not null, answered_by text not null, disposition text not null,
     calls bigint not null, answered bigint not null, counted_micros numeric not null, talk_micros numeric not null,
     pulses bigint not null, primary key (generation, day, source, answered_by, disposition))`,
  // The list of qualified calls, newest first, of any database size.
  `create index if not exists calls_qualified on calls (call_started_at desc, id desc) where status in ('called', 'pushed')`,
];
