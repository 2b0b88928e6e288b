import { leadPostponed } from '@leadline/contracts/events/lead-postponed';
import { affected, type Sql } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import type { DialDecision } from './decide-dial.ts';
import type { LeadRow } from './read-lead.ts';

/** Publishes why a lead waits, once, and again when the reason or its end changes. Returns whether it did. */
export async function noteWait(
  sql: Sql,
  lead: LeadRow,
  wait: Extract<DialDecision, { kind: 'wait' }>,
): Promise<boolean> {
  const changed = await affected(
    sql,
    `insert into lead_waits (lead_id, reason, until, noted_at) values ($1, $2, $3, clock_timestamp())
     on conflict (lead_id) do update set reason = excluded.reason, until = excluded.until, noted_at = excluded.noted_at
      where (lead_waits.reason, lead_waits.until) is distinct from (excluded.reason, excluded.until)`,
    [lead.id, wait.reason, wait.until],
  );
  if (changed === 0) return false;
  await enqueue(sql, 'dispatcher', leadPostponed, {
    subject: `lead/${lead.id}`,
    data: { leadId: lead.id, source: lead.source, reason: wait.reason, until: wait.until?.toISOString() ?? null },
  });
  return true;
}
