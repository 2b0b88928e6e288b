import { leadDispatched } from '@leadline/contracts/events/lead-dispatched';
import { databaseNow } from '@leadline/database/locks';
import { affected, row, rows, type Sql } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { decideDial, type DialDecision } from './decide-dial.ts';
import { aheadMs, nowAt, type Deps } from './deps.ts';
import { lockLead, readLeadCalls, type LeadRow } from './read-lead.ts';
import { broughtAnswers } from './number-rules.ts';
import { loadFactsOf } from './load-dial-facts.ts';
import { endPromise } from './keep-promises.ts';
import { noteWait } from './note-wait.ts';
import { talkedElsewhere } from './settle-lead.ts';

const atOnce = 200;
/** Enough for a pause of two days at 10,000 talks a day. Older talks were handled when they were new. */
const newestTalks = 20_000;
const leadId = z.object({ id: z.number() });

/**
 * Pauses the waiting leads of buyers with whom we have just talked, wherever they stand in the queue and also outside the
 * window, so that crm-pusher writes their enquiries into the CRM at once. A lead that is in the CRM then needs no dial.
 */
export async function pauseAfterTalks(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const talked = await rows(
    deps.postgres.sql,
    leadId,
    // We go from talk to talk, newest first, and find leads by number: a join might read all leads.
    `select distinct l.id
       from (select c.phone from calls c
              where c.updated_at > ${nowAt('$1')} - $2::float8 * interval '1 ms' and ${broughtAnswers}
              order by c.updated_at desc limit ${newestTalks}) c
            cross join lateral (
              select l.id from leads l
               where last_ten(l.phone) = last_ten(c.phone) and l.status = 'new'
                 and (l.retry_after is null or l.retry_after <= ${nowAt('$1')}) offset 0) l
      limit ${atOnce}`,
    [aheadMs(deps.now), deps.policy.contactPauseMs],
  );
  const told = await rows(
    deps.postgres.sql,
    leadId,
    `select l.id from lead_waits w join leads l on l.id = w.lead_id
      where w.reason = 'talked_recently' and l.status = 'new' and ${isTold} limit ${atOnce}`,
    [],
  );
  for (const { id } of talked) {
    if (stopping?.aborted) return;
    await pauseIfTalked(id, deps);
  }
  for (const { id } of told) {
    if (stopping?.aborted) return;
    await settleTold(id, deps);
  }
}

const isTold = `exists (select from crm_enquiries t where t.lead_id = l.id and t.told_at is not null)`;

async function pauseIfTalked(id: number, deps: Deps): Promise<void> {
  await deps.postgres.transaction(async (sql) => {
    const lead = await lockLead(sql, id);
    if (lead === undefined) return;
    const { now, facts } = await loadFactsOf(sql, lead, deps.now);
    const decision = decideDial(facts, now, deps.policy);
    if (decision.kind === 'wait' && decision.reason === 'talked_recently') await pauseLead(sql, lead, decision, now);
  });
}

/** Moves the lead's due time to the end of the pause, which also keeps the old program and older dispatchers away. */
export async function pauseLead(
  sql: Sql,
  lead: LeadRow,
  wait: Extract<DialDecision, { kind: 'wait' }>,
  now: Date,
): Promise<void> {
  await affected(sql, `update leads set retry_after = $2, updated_at = $3 where id = $1 and status = 'new'`, [
    lead.id,
    wait.until,
    now,
  ]);
  await endPromise(sql, lead, talkedElsewhere, now);
  await noteWait(sql, lead, wait);
}

/** Settles a lead whose enquiry is in the CRM: the sales team knows it and the talk's answers, so we do not call. */
async function settleTold(id: number, deps: Deps): Promise<void> {
  await deps.postgres.transaction(async (sql) => {
    const lead = await lockLead(sql, id);
    if (lead === undefined || lead.status !== 'new') return;
    if ((await readLeadCalls(sql, id)).hasUndecidedCall) return;
    const waited = await affected(
      sql,
      `delete from lead_waits w using leads l
        where w.lead_id = $1 and l.id = w.lead_id and w.reason = 'talked_recently' and ${isTold}`,
      [id],
    );
    if (waited === 0) return;
    const now = deps.now(await databaseNow(sql));
    await affected(
      sql,
      `update leads set status = 'dispatched', retry_after = null, failure_reason = null, updated_at = $2
        where id = $1 and status = 'new'`,
      [id, now],
    );
    const talk = await row(
      sql,
      z.object({ id: z.number(), attempt: z.number() }),
      `select c.id, coalesce(c.attempt, 1) as attempt from calls c
        where last_ten(c.phone) = last_ten($1) and ${broughtAnswers} order by c.id desc limit 1`,
      [lead.phone],
    );
    if (talk === undefined) return;
    await enqueue(sql, 'dispatcher', leadDispatched, {
      subject: `lead/${id}`,
      data: { leadId: id, source: lead.source, callId: talk.id, attempt: talk.attempt, because: 'told_to_crm' },
    });
  });
}
