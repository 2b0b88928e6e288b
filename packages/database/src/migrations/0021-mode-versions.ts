import { Migration } from '@mikro-orm/migrations';

/** With which version of its mode’s questions an attempt was made. */
export class ModeVersions extends Migration {
  override up(): void {
    this.addSql(`alter table dials add column if not exists mode_version text`);
  }
}
