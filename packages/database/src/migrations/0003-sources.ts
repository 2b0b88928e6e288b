import { Migration } from '@mikro-orm/migrations';

/** Source connections, what came over them, and enquiries that joined a lead already on its way. */
export class Sources extends Migration {
  override up(): void {
    for (const statement of [...connections, ...receipts, ...enquiries]) this.addSql(statement);
  }
}

const connections = [
  // A token is shown once and kept as a hash; a vendor's secrets have to be used, so they stay readable to ingest alone.
  `create table if not exists source_connections (
     id uuid primary key, source text not null, token_hash text not null unique, old_token_hash text unique,
     old_token_until timestamptz, secret text, access_token text, aliases jsonb not null default '{}', agent_mode text,
     enabled boolean not null default true, requests_per_minute int not null, most_body_bytes int not null,
     created_at timestamptz not null default clock_timestamp(), changed_at timestamptz not null default clock_timestamp())`,
  `create table if not exists ingest_audit (
     id bigserial primary key, at timestamptz not null default clock_timestamp(), action text not null,
     who text not null, connection_id uuid, details jsonb)`,
];

const receipts = [
  // A delivery of several leads has one receipt a lead, all with its delivery_id; the first, part 0, keeps the body.
  // raw: the bytes themselves, where the text in body is not exactly them. id_scope: where a source's ids count.
  `alter table lead_receipts
     add column if not exists connection_id uuid, add column if not exists delivery_id uuid,
     add column if not exists part int, add column if not exists method text, add column if not exists query text,
     add column if not exists content_type text, add column if not exists raw bytea,
     add column if not exists id_scope text not null default '', add column if not exists phone_raw text,
     add column if not exists phone_alternates jsonb, add column if not exists enquiry_type text,
     add column if not exists dnd_flag boolean, add column if not exists is_test boolean`,
  `drop index if exists lead_receipts_source_lead`,
  `create unique index if not exists lead_receipts_source_id on lead_receipts (source, id_scope, source_lead_id)
     where verdict = 'accepted' and source_lead_id is not null`,
  `create index if not exists lead_receipts_delivery on lead_receipts (delivery_id) where delivery_id is not null`,
  `create index if not exists lead_receipts_connection on lead_receipts (connection_id, received_at)
     where connection_id is not null`,
];

const enquiries = [
  // Of leads that came over a connection: what the dispatcher has to know beside the lead.
  `create table if not exists lead_origins (
     lead_id int primary key references leads(id) on delete cascade, connection_id uuid not null, dnd_flag boolean,
     is_test boolean not null, agent_mode text)`,
  `create table if not exists lead_enquiries (
     receipt_id uuid primary key, lead_id int not null references leads(id) on delete cascade, source text not null,
     product_name text, query_message text, enquired_at timestamptz not null, dnd_flag boolean,
     added_at timestamptz not null default clock_timestamp())`,
  `create index if not exists lead_enquiries_lead on lead_enquiries (lead_id)`,
];
