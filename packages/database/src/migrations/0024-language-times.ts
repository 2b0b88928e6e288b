import { Migration } from '@mikro-orm/migrations';

/** When the agent told the language that the person wants, which may be in another report than the disposition. */
export class LanguageTimes extends Migration {
  override up(): void {
    this.addSql(`alter table call_facts add column if not exists language_at timestamptz`);
  }
}
