import { Migration } from '@mikro-orm/migrations';

/** What the crm-pusher looks for again and again, without a walk past every task that ever was. */
export class PushSearches extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  `create index if not exists crm_pushes_failed on crm_pushes (call_id) where failed_at is not null`,
  `create index if not exists crm_enquiries_failed on crm_enquiries (enquiry_id) where failed_at is not null`,
  `create index if not exists crm_enquiries_untold on crm_enquiries (enquiry_id) where told_at is null`,
  `create index if not exists lead_waits_talked on lead_waits (lead_id) where reason = 'talked_recently'`,
];
