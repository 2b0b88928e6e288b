import { leadRetryScheduled } from '@leadline/contracts/events/lead-retry-scheduled';
import { affected, row, rows, type Sql } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { decideDial } from './decide-dial.ts';
import { aheadMs, nowAt, type Deps } from './deps.ts';
import { lockLead, type LeadRow } from './read-lead.ts';
import { loadFactsOf } from './load-dial-facts.ts';

const atOnce = 200;

/** The failures after which a further enquiry opens the lead again. */
const madeGood = ['retries_used_up', 'too_old'];

/**
 * Acts once on each further enquiry that no attempt knows of. If the lead waits for a retry, we bring that forward, because
 * the buyer has just asked. If the lead was given up at the same moment, we open it again. Enquiries that come during an
 * attempt are left to the decision on that attempt.
 * @returns whether there were any
 */
export async function heedEnquiries(deps: Deps, stopping?: AbortSignal): Promise<boolean> {
  const unheard = await rows(
    deps.postgres.sql,
    z.object({ id: z.number() }),
    `select distinct l.id from lead_enquiries e join leads l on l.id = e.lead_id
       left join enquiries_heeded h on h.lead_id = l.id
      where e.added_at > clock_timestamp() - interval '1 day'
        and (l.status = 'new' and l.retry_after > ${nowAt('$1')} or l.status = 'failed' and l.failure_reason = any($2))
        and (select count(*) from lead_enquiries a where a.lead_id = l.id) > coalesce(h.enquiries, 0)
        and not exists (select from calls c left join dials d on d.call_id = c.id
                         where c.lead_id = l.id
                           and (c.status = 'calling' or d.call_id is not null and d.decided_at is null))
      limit ${atOnce}`,
    [aheadMs(deps.now), madeGood],
  );
  for (const { id } of unheard) {
    if (stopping?.aborted) break;
    await heedLead(id, deps);
  }
  return unheard.length > 0;
}

async function heedLead(id: number, deps: Deps): Promise<void> {
  await deps.postgres.transaction(async (sql) => {
    const lead = await lockLead(sql, id);
    if (lead === undefined) return;
    const isGivenUp = lead.status === 'failed' && madeGood.includes(lead.failureReason ?? '');
    const { now, facts } = await loadFactsOf(sql, lead, deps.now);
    const decision = decideDial(facts, now, deps.policy);
    // The decision on its open call will take account of it.
    if (decision.kind === 'not_due' && decision.reason === 'call_in_progress') return;
    await heed(sql, lead);
    const isRetry = decision.kind === 'not_due' && decision.reason === 'retry_later';
    // We call at the promised time, and the agent then learns of the further enquiry.
    if (lead.promise !== null) return;
    if (lead.enquiries <= lead.heeded || !(isGivenUp || isRetry)) return;
    const retryCount = isGivenUp ? 0 : lead.retryCount;
    await affected(
      sql,
      `update leads set status = 'new', retry_after = $2, retry_count = $3, failure_reason = null, updated_at = $2
        where id = $1 and status in ('new', 'failed')`,
      [id, now, retryCount],
    );
    await tellRetry(sql, lead, retryCount, now);
  });
}

/** A lead that was never called gets no event: only its place in the queue changed. */
async function tellRetry(sql: Sql, lead: LeadRow, retryCount: number, now: Date): Promise<void> {
  const newest = await row(
    sql,
    z.object({ id: z.number().nullable() }),
    `select max(id) as id from calls where lead_id = $1`,
    [lead.id],
  );
  if (newest?.id == null) return;
  await enqueue(sql, 'dispatcher', leadRetryScheduled, {
    subject: `lead/${lead.id}`,
    data: {
      leadId: lead.id,
      source: lead.source,
      callId: newest.id,
      reason: 'asked_again',
      retryAt: now.toISOString(),
      retryCount,
    },
  });
}

/** Notes that every enquiry read with the lead's row has been acted on. The caller holds that row's lock. */
export async function heed(sql: Sql, lead: LeadRow): Promise<void> {
  if (lead.enquiries === 0) return;
  await affected(
    sql,
    `insert into enquiries_heeded (lead_id, enquiries) values ($1, $2)
     on conflict (lead_id) do update set enquiries = excluded.enquiries`,
    [lead.id, lead.enquiries],
  );
}
