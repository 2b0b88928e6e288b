import { Migration } from '@mikro-orm/migrations';

/**
 * Leads that were never put off, oldest first: whoever looks for them does not walk past those that wait for a retry,
 * whatever the plan. The index of all new leads by age has no reader any more.
 */
export class DueLeads extends Migration {
  override up(): void {
    this.addSql(
      `create index if not exists leads_fresh on leads (created_at, id) where status = 'new' and retry_after is null`,
    );
    this.addSql(`drop index if exists leads_due`);
  }
}
