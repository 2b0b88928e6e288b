import { affected } from '@leadline/database/sql';
import type { EntityManager } from '@mikro-orm/postgresql';

/** Who asked for what and why, written in the transaction that did it. */
export async function audit(
  em: EntityManager,
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
    em,
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
