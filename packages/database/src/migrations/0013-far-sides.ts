import { Migration } from '@mikro-orm/migrations';

/** What a far side has said that is neither yes nor no, and how often. */
export class FarSides extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  // Since when a vendor has answered without a word.
  `alter table source_polls add column if not exists blank_since timestamptz`,
  // The leads of a connection that are still asked for, or were given up.
  `create index if not exists awaited_leads_open on awaited_leads (connection_id) where done_at is null`,
  // How often in a row the CRM said that a customer or a task is there already, and how often a customer was asked for.
  `alter table crm_pushes add column if not exists conflicts int`,
  `alter table crm_pushes add column if not exists customer_posts int`,
];
