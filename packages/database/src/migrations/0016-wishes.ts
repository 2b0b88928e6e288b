import { Migration } from '@mikro-orm/migrations';

/** A file, which comes over no connection, may say too that somebody is not to be called. */
export class Wishes extends Migration {
  override up(): void {
    this.addSql(`alter table lead_origins alter column connection_id drop not null`);
  }
}
