import type { AskedBy, ResultOf } from '@leadline/contracts/command';
import type { callAgain as callAgainCommand } from '@leadline/contracts/commands/lead';
import { databaseNow } from '@leadline/database/locks';
import { affected, row, type Sql } from '@leadline/database/sql';
import { CommandRefused } from '@leadline/messaging/ask';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { isTestCall, lockLead, readLeadCalls, type LeadRow } from './read-lead.ts';

/**
 * Gives one more attempt to a failed lead, or to one whose number is paused after a talk. Answers up to its newest call
 * no longer count for it; the audit row keeps that call's id.
 * @throws CommandRefused when the lead is a test call's, when it has answered, or will be called without this command
 */
export async function callAgain(
  asked: AskedBy<typeof callAgainCommand>,
  deps: Deps,
): Promise<ResultOf<typeof callAgainCommand>> {
  await deps.postgres.transaction(async (sql) => {
    const lead = await lockLead(sql, asked.leadId);
    if (lead === undefined) throw new CommandRefused(`leadId: there is no lead ${asked.leadId}`);
    if (isTestCall(lead))
      throw new CommandRefused(`leadId: lead ${asked.leadId} is a test call, which rings once; make another one`);
    if (lead.status !== 'failed' && !(await isPaused(sql, lead)))
      throw new CommandRefused(`leadId: lead ${asked.leadId} is ${lead.status}, not failed`);
    const newest = await row(
      sql,
      z.object({ id: z.number() }),
      `select coalesce(max(id), 0) as id from calls where lead_id = $1`,
      [lead.id],
    );
    const now = deps.now(await databaseNow(sql));
    await audit(sql, { action: 'call_again', ...asked, details: { newestCallId: newest?.id ?? 0 } });
    await affected(
      sql,
      `update leads set status = 'new', retry_after = null, failure_reason = null, updated_at = $2
        where id = $1`,
      [lead.id, now],
    );
    await affected(sql, `delete from lead_waits where lead_id = $1`, [lead.id]);
  });
  return { leadId: asked.leadId, status: 'new' };
}

/** Whether the lead waits because we talked to its number recently, or wrote its enquiry into the CRM instead. */
async function isPaused(sql: Sql, lead: LeadRow): Promise<boolean> {
  const { hasAnswers, hasUndecidedCall } = await readLeadCalls(sql, lead.id);
  if (hasAnswers || hasUndecidedCall) return false;
  if (lead.status === 'dispatched') return true;
  const waits = await row(
    sql,
    z.object({ reason: z.string() }),
    `select reason from lead_waits where lead_id = $1 and reason = 'talked_recently'`,
    [lead.id],
  );
  return waits !== undefined;
}
