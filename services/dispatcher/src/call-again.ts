import { databaseNow } from '@leadline/database/locks';
import { affected, row } from '@leadline/database/sql';
import { CommandRefused } from '@leadline/messaging/ask';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { lockLead } from './load-dial-facts.ts';

/**
 * One more attempt for a failed lead. Answers up to its newest call no longer count for it; the audit row keeps that
 * call's id.
 * @throws CommandRefused when the lead is not `failed`
 */
export async function callAgain(
  asked: { leadId: number; who: string; reason: string },
  deps: Deps,
): Promise<{ leadId: number; status: 'new' }> {
  await deps.postgres.transaction(async (em) => {
    const lead = await lockLead(em, asked.leadId);
    if (lead === undefined) throw new CommandRefused(`leadId: there is no lead ${asked.leadId}`);
    if (lead.status !== 'failed')
      throw new CommandRefused(`leadId: lead ${asked.leadId} is ${lead.status}, not failed`);
    const newest = await row(
      em,
      z.object({ id: z.number() }),
      `select coalesce(max(id), 0) as id from calls where lead_id = $1`,
      [lead.id],
    );
    const now = deps.now(await databaseNow(em));
    await audit(em, { action: 'call_again', ...asked, details: { newestCallId: newest?.id ?? 0 } });
    await affected(
      em,
      `update leads set status = 'new', retry_after = null, failure_reason = null, updated_at = $2
        where id = $1 and status = 'failed'`,
      [lead.id, now],
    );
  });
  return { leadId: asked.leadId, status: 'new' };
}
