import { Migration } from '@mikro-orm/migrations';

/** The further agents that a call got, each written before it was sent for. */
export class Takeovers extends Migration {
  override up(): void {
    this.addSql(`alter table call_facts add column if not exists takeovers jsonb`);
  }
}
