import { Migration } from '@mikro-orm/migrations';

/** Leads that a vendor has only named: what they say is asked for afterwards. */
export class AwaitedLeads extends Migration {
  override up(): void {
    this.addSql(
      `create table if not exists awaited_leads (
         id uuid primary key, connection_id uuid not null, source text not null, source_lead_id text not null,
         notification text not null, received_at timestamptz not null default clock_timestamp(),
         attempts int not null default 0, next_at timestamptz not null default clock_timestamp(), last_error text,
         done_at timestamptz, given_up_at timestamptz, unique (source, source_lead_id))`,
    );
    this.addSql(
      `create index if not exists awaited_leads_due on awaited_leads (next_at) where done_at is null and given_up_at is null`,
    );
  }
}
