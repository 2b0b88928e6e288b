import { Migration } from '@mikro-orm/migrations';

/** Whose enquiry a delivery is, how old it is, and what became of each enquiry that joined a lead. */
export class Enquiries extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  // number_hash: keyed, as in erased_numbers; by it a known id with another number is no repeat. same_id_as: the receipt
  // that has the same id of the source with another number. counts_from_arrival: its age does, whatever time it tells.
  `alter table lead_receipts
     add column if not exists number_hash text, add column if not exists same_id_as uuid,
     add column if not exists counts_from_arrival boolean`,
  `create index if not exists lead_receipts_same_id on lead_receipts (same_id_as) where same_id_as is not null`,
  `create index if not exists lead_enquiries_added on lead_enquiries (added_at)`,
  // How many further enquiries of a lead the dispatcher has acted on.
  `create table if not exists enquiries_heeded (
     lead_id int primary key references leads(id) on delete cascade, enquiries int not null)`,
  // The enquiries, by their receipts, that a call's task tells.
  `alter table crm_pushes add column if not exists enquiries uuid[]`,
  // Enquiries with a task of their own: told by no call's task. enquiry_id is the receipt's; reference names it at the CRM.
  `create table if not exists crm_enquiries (
     enquiry_id uuid primary key, lead_id int not null references leads(id) on delete cascade,
     attempts int not null default 0, customer_id text, sent_at timestamptz, next_try_at timestamptz,
     empty_looks int not null default 0, last_looked_at timestamptz, last_error text, failed_at timestamptz,
     enquiries uuid[], task_id text, told_at timestamptz)`,
  `create index if not exists crm_enquiries_lead on crm_enquiries (lead_id)`,
];
