import { affected, type Sql } from '@leadline/database/sql';

/** Who asked for what and why, written in the transaction that did it. */
export async function audit(
  sql: Sql,
  entry: {
    action: string;
    who: string;
    reason: string;
    leadId?: number;
    phone?: string;
    details?: Record<string, unknown>;
  },
): Promise<void> {
  await affected(
    sql,
    `insert into dispatcher_audit (at, action, who, reason, lead_id, phone, details)
     values (clock_timestamp(), $1, $2, $3, $4, $5, $6)`,
    [
      entry.action,
      entry.who,
      entry.reason,
      entry.leadId ?? null,
      entry.phone ?? null,
      entry.details === undefined ? null : JSON.stringify(entry.details),
    ],
  );
}
