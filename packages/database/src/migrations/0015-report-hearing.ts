import { Migration } from '@mikro-orm/migrations';

/** How well agents' reports are heard: the call-tracker keeps it, the dispatcher dials nobody without it. */
export class ReportHearing extends Migration {
  override up(): void {
    this.addSql(
      `create table if not exists report_hearing (
         id int primary key check (id = 1), heard_since timestamptz not null, heard_until timestamptz not null)`,
    );
    this.addSql(
      `insert into report_hearing (id, heard_since, heard_until) values (1, clock_timestamp(), clock_timestamp())
       on conflict (id) do nothing`,
    );
  }
}
