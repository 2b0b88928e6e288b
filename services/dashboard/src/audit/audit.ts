import { affected, instant, rows, type Sql } from '@leadline/database/sql';
import type { Database } from '@leadline/database/open-database';
import { z } from 'zod';

/** Records what the dashboard did itself; services record commands in their own audit rows. */
export async function audit(
  sql: Sql,
  entry: { action: string; who: string; reason: string; details?: Record<string, unknown> },
): Promise<void> {
  await affected(sql, `insert into dashboard_audit (action, who, reason, details) values ($1, $2, $3, $4)`, [
    entry.action,
    entry.who,
    entry.reason,
    entry.details === undefined ? null : JSON.stringify(entry.details),
  ]);
}

const entry = z.object({
  at: instant,
  action: z.string(),
  who: z.string(),
  reason: z.string(),
  leadId: z.number().nullable(),
  phone: z.string().nullable(),
  details: z.record(z.string(), z.unknown()).nullable(),
});

export type AuditEntry = z.output<typeof entry>;

/** The dispatcher's and the dashboard's entries together, newest first; `before` returns the next page. */
export function readAudit(
  postgres: Database,
  filter: { action?: string | undefined; who?: string | undefined; before?: Date | undefined },
  limit: number,
): Promise<AuditEntry[]> {
  const columns = 'at, action, who, reason, lead_id, phone, details';
  const some = (table: string): string =>
    `(select ${columns} from ${table} where ($1::text is null or action = $1) and ($2::text is null or who = $2)
        and ($3::timestamptz is null or at < $3) order by at desc limit $4)`;
  return rows(
    postgres.sql,
    entry,
    `select * from (${some('dispatcher_audit')} union all ${some('dashboard_audit')}) as both_of_them
      order by at desc limit $4`,
    [filter.action ?? null, filter.who ?? null, filter.before ?? null, limit],
  );
}
