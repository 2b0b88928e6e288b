import { Migration } from '@mikro-orm/migrations';

/** The calls that still hold a channel of the trunk, found without looking at all that ended today. */
export class Slots extends Migration {
  override up(): void {
    this.addSql(
      `create index if not exists call_facts_slot on call_facts ((coalesce(slot_free_at, 'infinity'::timestamptz)))`,
    );
  }
}
