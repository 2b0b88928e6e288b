import { Migration } from '@mikro-orm/migrations';

/** Times at which buyers asked to be called back: what they said is the tracker's, the promise that follows the dispatcher's. */
export class Callbacks extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  // callback_request: the latest of the call, with the time it was said; callback_heard_at: when it was written here.
  `alter table call_facts
     add column if not exists callback_request jsonb, add column if not exists callback_heard_at timestamptz`,
  `create index if not exists call_facts_callback_heard on call_facts (callback_heard_at) where callback_heard_at is not null`,
  // at: the time that was promised, null where the words named none; due_at: when the phone is dialled for it, which is
  // later where nobody may be rung at that time. rang_at, rang_call_id: the dial that ended it.
  `create table if not exists callbacks (
     id serial primary key, lead_id int not null references leads(id) on delete cascade, call_id int,
     words text, at timestamptz, due_at timestamptz, precision text not null, confirmed boolean not null,
     asked_by text not null, kept_by text not null, said_at timestamptz not null, heard_at timestamptz,
     state text not null check (state in ('waiting', 'kept', 'moved', 'missed', 'cancelled')), why text,
     rang_at timestamptz, rang_call_id int, created_at timestamptz not null, closed_at timestamptz)`,
  `create unique index if not exists callbacks_one_waiting on callbacks (lead_id) where state = 'waiting'`,
  `create index if not exists callbacks_due on callbacks (due_at) where state = 'waiting'`,
  `create index if not exists callbacks_lead on callbacks (lead_id)`,
  `create index if not exists callbacks_call on callbacks (call_id)`,
  `create index if not exists callbacks_closed on callbacks (closed_at) where closed_at is not null`,
  // The promise for which a dial was claimed.
  `alter table dials add column if not exists callback_id int`,
  `create index if not exists dials_callback on dials (callback_id) where callback_id is not null`,
];
