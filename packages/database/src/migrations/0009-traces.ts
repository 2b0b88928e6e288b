import { Migration } from '@mikro-orm/migrations';

const outboxes = ['ingest', 'dispatcher', 'call_tracker', 'crm_pusher'];

/** Which trace a lead came in with and which attempt's span a call belongs to; and an index for what is counted often. */
export class Traces extends Migration {
  override up(): void {
    this.addSql(`alter table lead_receipts add column if not exists traceparent text`);
    this.addSql(`alter table dials add column if not exists traceparent text`);
    for (const service of outboxes)
      this.addSql(
        `create index if not exists ${service}_outbox_failed on ${service}_outbox (seq) where failed_at is not null`,
      );
  }
}
