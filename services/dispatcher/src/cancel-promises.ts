import { databaseNow } from '@leadline/database/locks';
import { rows } from '@leadline/database/sql';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { endPromise } from './keep-promises.ts';
import { isDoNotCall, isOnList } from './number-rules.ts';
import { lockLead, readLeadCalls } from './read-lead.ts';
import { failLead } from './settle-lead.ts';

const atOnce = 200;

/**
 * Cancels the promises of numbers that may no longer be called: after the call that made the promise was settled, its person
 * asked never to be called, or its talk proved to be with somebody else. The permit refuses such a dial anyway; this frees the
 * callback from lists and tells why as soon as the wish is known. A lead with an undecided call is left to that call's end.
 */
export async function cancelPromises(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const found = await rows(
    deps.postgres.sql,
    z.object({ id: z.number() }),
    `select l.id from callbacks w join leads l on l.id = w.lead_id
      where w.state = 'waiting'
        and not exists (select from dials d where d.lead_id = l.id and d.decided_at is null)
        and (${isOnList('l.phone')}
             or exists (select from calls c join call_facts f on f.call_id = c.id
                         where c.lead_id = l.id and f.disposition = 'wrong_number'
                           and c.id > coalesce((select max((a.details->>'newestCallId')::int) from dispatcher_audit a
                                                 where a.lead_id = l.id and a.action = 'call_again'), 0)))
      limit ${atOnce}`,
    [],
  );
  for (const { id } of found) {
    if (stopping?.aborted) return;
    await deps.postgres.transaction(async (sql) => {
      const lead = await lockLead(sql, id);
      if (lead?.promise === null || lead === undefined) return;
      const { hasUndecidedCall, disposition } = await readLeadCalls(sql, id);
      if (hasUndecidedCall) return;
      const because = (await isDoNotCall(sql, lead.phone))
        ? 'do_not_call'
        : disposition === 'wrong_number'
          ? 'wrong_number'
          : undefined;
      if (because === undefined) return;
      const now = deps.now(await databaseNow(sql));
      await failLead(sql, lead, { reason: because, retryCount: lead.retryCount }, now);
      await endPromise(sql, lead, { state: 'cancelled', why: because }, now);
    });
  }
}
