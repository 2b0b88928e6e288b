import { Migration } from '@mikro-orm/migrations';

/** The newest calls in a row whose numbers the trunk did not know, while no dial has reached anybody. */
export class UnknownNumbers extends Migration {
  override up(): void {
    this.addSql(`alter table dial_control add column if not exists unknown_number_calls int[]`);
  }
}
