import { Migration } from '@mikro-orm/migrations';

/** How far each vendor that is asked has been read. */
export class SourcePolls extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  // read_to: all that came in before is stored. asks: counts the questions, so that an answer is put to its own.
  `create table if not exists source_polls (
     connection_id uuid primary key references source_connections(id) on delete cascade, read_to timestamptz not null,
     next_at timestamptz not null default clock_timestamp(), asks int not null default 0, asked_at timestamptz,
     succeeded_at timestamptz, last_rows int, failures int not null default 0, last_error text, failed_at timestamptz)`,
  // What was refused comes again with each overlapping window: it is looked for by the vendor's id.
  `create index if not exists lead_receipts_refused_id on lead_receipts (source, id_scope, source_lead_id)
     where verdict = 'rejected' and source_lead_id is not null`,
];
