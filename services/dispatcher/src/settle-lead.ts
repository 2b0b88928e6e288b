import { leadDispatched } from '@leadline/contracts/events/lead-dispatched';
import { leadFailed } from '@leadline/contracts/events/lead-failed';
import { leadRetryScheduled } from '@leadline/contracts/events/lead-retry-scheduled';
import { failureReasons } from '@leadline/contracts/failure-reason';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { addRecords, enqueue, toOutboxRecord } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { nextOpening } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import { decideRetry, type EndedCall } from './decide-retry.ts';
import { aheadMs, nowAt, type Deps } from './deps.ts';
import type { PromiseRow } from './promise-row.ts';
import { heed } from './heed-enquiries.ts';
import { isOnList } from './number-rules.ts';
import { readControl } from './read-control.ts';
import { dueForPromise, endPromise, settlePromise } from './keep-promises.ts';
import {
  askedAgain,
  claimedFor,
  isTestCall,
  leadCalls,
  leadCallsColumns,
  lockLeadOfCall,
  type LeadRow,
} from './read-lead.ts';

const endedCall = leadCalls.extend({
  now: instant,
  id: z.number(),
  leadId: z.number().nullable(),
  phone: z.string(),
  attempt: z.number(),
  status: z.enum(['failed', 'called', 'pushed']),
  failureReason: failureReasons.nullable().catch(null),
  sipStatus: z.number().nullable(),
  isDoNotCall: z.boolean(),
  putBackReason: z.string().nullable(),
  putBacksBefore: z.number(),
  probe: z.boolean(),
  decidedAs: z.string().nullable(),
  sentAt: instant.nullable(),
  callbackId: z.number().nullable(),
  hasRequest: z.boolean(),
  newest: z.boolean(),
});
type EndedCallRow = z.infer<typeof endedCall>;

/**
 * Decides what an ended call means for its lead, once per end: once as failed, and again if answers still come. The
 * conditional UPDATE of `dials` makes repeats and races harmless: a call whose dial is put back meanwhile is left to the
 * sweep. Handlers and sweep both run this function.
 */
export function settleCall(callId: number, deps: Deps): Promise<void> {
  return deps.commits.add(callId, (sql) => settle(sql, callId, deps));
}

async function settle(sql: Sql, callId: number, deps: Deps): Promise<void> {
  // Both statements leave together; the second waits for the lead's row and sees what its last holder committed.
  const [lead, call] = await Promise.all([lockLeadOfCall(sql, callId), readEndedCall(sql, callId)]);
  if (call === undefined) return;
  const outcome = call.status === 'failed' ? 'failed' : 'called';
  const now = deps.now(call.now);
  const decided = await affected(
    sql,
    `update dials set decided_at = $2, decided_as = $3
      where call_id = $1 and (decided_at is null or (decided_as = 'failed' and $3 = 'called'))
        and put_back_reason is not distinct from $4`,
    [callId, now, outcome, call.putBackReason],
  );
  if (decided === 0 || lead === undefined) return;
  await settleLead(sql, { lead, call, outcome }, now, deps);
}

/** The call, with all that `decideRetry` needs about its lead and number; undefined until the call is over. */
async function readEndedCall(sql: Sql, callId: number): Promise<EndedCallRow | undefined> {
  return row(
    sql,
    endedCall,
    `select clock_timestamp() as now, ended.id, ended.lead_id, ended.phone, ended.attempt, ended.status, ended.failure_reason, ended.sip_status,
            coalesce(ended.do_not_call, false) or coalesce(${isOnList('ended.phone')}, false) as is_do_not_call,
            d.put_back_reason, d.probe, d.decided_as, d.sent_at, d.callback_id,
            exists (select from call_facts f where f.call_id = ended.id and f.callback_request is not null) as has_request,
            ${leadCallsColumns('ended.lead_id', 'ended.id')},
            -- Those that proved not dialled, or that were the lead's own fault: those of a shut window, a full trunk or a
            -- dead dispatcher count nothing.
            (select count(*)::int from dials b
              where b.lead_id = ended.lead_id and b.call_id < ended.id
                and (b.put_back_reason is not null and b.sent_at is not null and not b.probe
                     or b.put_back_reason = 'agent_refused')) as put_backs_before,
            not exists (select 1 from calls n where n.lead_id = ended.lead_id and n.id > ended.id) as newest
       from calls ended join dials d on d.call_id = ended.id cross join lateral ${askedAgain('ended.lead_id')}
      where ended.id = $1 and ended.status in ('failed', 'called', 'pushed')`,
    [callId],
  );
}

async function settleLead(
  sql: Sql,
  { lead, call, outcome }: { lead: LeadRow; call: EndedCallRow; outcome: EndedCall['outcome'] },
  now: Date,
  deps: Deps,
): Promise<void> {
  const endsBecause = call.isDoNotCall ? 'do_not_call' : call.disposition === 'wrong_number' ? 'wrong_number' : null;
  const promise = await settlePromise(sql, lead, { ...call, endsBecause }, now, deps);
  const putBack =
    call.putBackReason === null ? undefined : { until: await putBackUntil(sql, call.putBackReason, now, deps) };
  const decision = decideRetry(
    {
      call: {
        outcome,
        reason: call.failureReason,
        sipStatus: call.sipStatus,
        newest: call.newest,
        putBack,
        // A probe was sent to find out: it counts nothing unless the phone rang, and then it was not put back, or unless the
        // lead itself is at fault.
        putBacksBefore: call.probe && call.putBackReason !== 'agent_refused' ? 0 : call.putBacksBefore,
        doNotCall: call.isDoNotCall,
        leadHasAnswers: call.hasAnswers,
        disposition: call.disposition,
        askedMeanwhile: lead.enquiries > lead.heeded,
        otherCallUndecided: call.hasUndecidedCall,
        isPromised: promise !== null,
        isTestCall: isTestCall(lead),
        wasPromised: call.callbackId !== null,
      },
      lead,
    },
    now,
    deps.policy,
    deps.random(),
  );
  switch (decision.kind) {
    case 'nothing':
      return;
    case 'answered':
      return markLeadAnswered(sql, lead, now, call);
    case 'promised':
      await heed(sql, lead);
      if (promise !== null) await promiseRetry(sql, { lead, call, promise }, putBack, now, deps);
      return;
    case 'retry':
      await heed(sql, lead);
      return scheduleLeadRetry(sql, { lead, call }, decision, now);
    case 'give_up':
      return failLead(sql, lead, { reason: decision.because, retryCount: decision.retryCount }, now);
  }
}

/** Lets the lead wait for its promised time. If its dial was put back, that is published as for any dial. */
async function promiseRetry(
  sql: Sql,
  { lead, call, promise }: { lead: LeadRow; call: EndedCallRow; promise: PromiseRow },
  putBack: EndedCall['putBack'],
  now: Date,
  deps: Deps,
): Promise<void> {
  const isAgain = putBack !== undefined || (call.callbackId === promise.id && call.failureReason !== null);
  const again = putBack?.until ?? new Date(now.getTime() + deps.policy.putBackDelayMs);
  // The window shut before the promised time came, so we publish that the callback has moved.
  const notBefore = call.putBackReason === 'window_shut' ? now : again;
  const at = await dueForPromise(sql, { lead, promise }, isAgain ? notBefore : null, now, deps);
  if (isAgain) await tellRetry(sql, { lead, call }, { at, retryCount: lead.retryCount }, now);
}

/** When a dial that was put back may be tried again: when its reason ends, if that is known. */
async function putBackUntil(sql: Sql, reason: string, now: Date, deps: Deps): Promise<Date | null> {
  if (reason === 'window_shut') return nextOpening(deps.policy.window, now, ringWindowMs(deps.policy));
  const control = await readControl(sql);
  const openUntil = control.breakerOpenUntil;
  return control.breakerDelayMs !== null && openUntil !== null && openUntil > now ? openUntil : null;
}

/** scheduleLeadRetry: back to `new` with its due time, once per call. retry_count holds the spent attempts. */
async function scheduleLeadRetry(
  sql: Sql,
  { lead, call }: { lead: LeadRow; call: EndedCallRow },
  retry: { at: Date; retryCount: number },
  now: Date,
): Promise<void> {
  await affected(
    sql,
    `update leads set status = 'new', retry_after = $2, retry_count = $3, failure_reason = null, updated_at = $4
      where id = $1 and (status in ('new', 'dispatched') or status = 'failed' and failure_reason = 'no_such_number')`,
    [lead.id, retry.at, retry.retryCount, now],
  );
  await tellRetry(sql, { lead, call }, retry, now);
}

async function tellRetry(
  sql: Sql,
  { lead, call }: { lead: LeadRow; call: EndedCallRow },
  retry: { at: Date; retryCount: number },
  time: Date,
): Promise<void> {
  await enqueue(sql, 'dispatcher', leadRetryScheduled, {
    subject: `lead/${lead.id}`,
    time,
    data: {
      leadId: lead.id,
      source: lead.source,
      callId: call.id,
      reason: call.putBackReason ?? call.failureReason ?? 'dispatch_failed',
      retryAt: retry.at.toISOString(),
      retryCount: retry.retryCount,
    },
  });
}

/** The lead is `failed` for good, unless answers come late or an operator asks for once more. */
export async function failLead(
  sql: Sql,
  lead: LeadRow,
  { reason, retryCount }: { reason: string; retryCount: number },
  now: Date,
): Promise<void> {
  const changed = await affected(
    sql,
    `update leads set status = 'failed', failure_reason = $2, retry_count = $3, retry_after = null, updated_at = $4
      where id = $1 and status in ('new', 'dispatched')`,
    [lead.id, reason, retryCount, now],
  );
  if (changed === 0) return;
  await affected(sql, `delete from lead_waits where lead_id = $1`, [lead.id]);
  await endPromise(sql, lead, { state: 'cancelled', why: reason }, now);
  await enqueue(sql, 'dispatcher', leadFailed, {
    subject: `lead/${lead.id}`,
    time: now,
    data: { leadId: lead.id, source: lead.source, reason },
  });
}

/** At the promised time the buyer of this lead talked with us about another lead. */
export const talkedElsewhere = { state: 'kept', why: 'talked_in_other_call' } as const;

/** Answers cancel a waiting retry, and settle a lead that had failed. */
export async function markLeadAnswered(
  sql: Sql,
  lead: LeadRow,
  now: Date,
  call?: { id: number; attempt: number },
): Promise<void> {
  const changed = await affected(
    sql,
    `update leads set status = 'dispatched', retry_after = null, failure_reason = null, updated_at = $2
      where id = $1 and status in ('new', 'failed')`,
    [lead.id, now],
  );
  if (changed === 0) return;
  await endPromise(sql, lead, talkedElsewhere, now);
  const answered = call ?? (await newestAnswered(sql, lead.id));
  if (answered === undefined) return;
  await enqueue(sql, 'dispatcher', leadDispatched, {
    subject: `lead/${lead.id}`,
    data: { leadId: lead.id, source: lead.source, callId: answered.id, attempt: answered.attempt },
  });
}

function newestAnswered(sql: Sql, leadId: number): Promise<{ id: number; attempt: number } | undefined> {
  return row(
    sql,
    z.object({ id: z.number(), attempt: z.number() }),
    `select id, coalesce(attempt, 1) as attempt from calls where lead_id = $1 and qualification is not null
      order by id desc limit 1`,
    [leadId],
  );
}

/**
 * setLeadDispatched: the phone leg exists. Only for the lead's newest call, and only while that call is undecided. Both
 * show in the lead's own row, whose due time is still the one that this call's claim gave it: whoever decides on the call
 * or claims anew changes it. Where somebody else has moved it, the rows are looked at under the lead's lock.
 */
export function setLeadDispatched(callId: number, deps: Deps): Promise<void> {
  return deps.commits.add(callId, (sql) => dispatchLead(sql, callId, deps));
}

async function dispatchLead(sql: Sql, callId: number, deps: Deps): Promise<void> {
  const found = await row(
    sql,
    z.object({ now: instant, id: z.number(), source: z.string(), attempt: z.number() }),
    `select clock_timestamp() as now, l.id, l.source, d.attempt from dials d join leads l on l.id = d.lead_id
      where d.call_id = $1 and l.status = 'new' and d.decided_at is null`,
    [callId],
  );
  if (found === undefined) return;
  const now = deps.now(found.now);
  const asClaimed = `l.retry_after = (select claimed_at + ${claimedFor} from dials where call_id = $1)`;
  if (await moveToDispatched(sql, { ...found, callId }, asClaimed, now)) return;
  if ((await lockLeadOfCall(sql, callId)) === undefined) return;
  const isNewest = `not exists (select from calls n where n.lead_id = l.id and n.id > $1)
                    and exists (select from dials where call_id = $1 and decided_at is null)`;
  await moveToDispatched(sql, { ...found, callId }, isNewest, now);
}

/** One statement with its event; `condition` is SQL of the lead l and the call $1. */
async function moveToDispatched(
  sql: Sql,
  { id: leadId, source, attempt, callId }: { id: number; source: string; attempt: number; callId: number },
  condition: string,
  now: Date,
): Promise<boolean> {
  const event = toOutboxRecord('dispatcher', leadDispatched, {
    subject: `lead/${leadId}`,
    time: now,
    data: { leadId, source, callId, attempt },
  });
  const moved = await affected(
    sql,
    `with moved as (update leads l set status = 'dispatched', updated_at = $3
                     where l.id = $2 and l.status = 'new' and ${condition} returning l.id),
          told as (${addRecords('dispatcher', '$4::jsonb', 'exists (select from moved)')})
     select pg_notify('dispatcher_outbox', '') from moved`,
    [callId, leadId, now, JSON.stringify([event])],
  );
  return moved > 0;
}

const batch = 200;
/** Calls that were decided as failed and may have got answers since. */
const newestAnsweredCalls = 20_000;

/** Handles what no event triggered: ended calls without a decision, and late answers. */
export async function settleEndedCalls(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const ended = await rows(
    deps.postgres.sql,
    z.object({ callId: z.number() }),
    `select d.call_id from dials d join calls c on c.id = d.call_id
      where d.decided_at is null and c.status <> 'calling'
     union all
     (select d.call_id
        from (select id from calls where status in ('called', 'pushed') and updated_at > ${nowAt('$1')} - interval '1 day'
               order by updated_at desc limit ${newestAnsweredCalls}) c
             join dials d on d.call_id = c.id and d.decided_as = 'failed')
     limit ${batch}`,
    [aheadMs(deps.now)],
  );
  if (stopping?.aborted) return;
  await allOf(ended, ({ callId }) => settleCall(callId, deps));
}

/** Legs whose ringing we missed. */
export async function noteRungLegs(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const rung = await rows(
    deps.postgres.sql,
    z.object({ callId: z.number() }),
    `select d.call_id from dials d
       join call_facts f on f.call_id = d.call_id
       join leads l on l.id = d.lead_id
      where d.decided_at is null and f.leg_joined_at is not null and l.status = 'new'
      limit ${batch}`,
    [],
  );
  if (stopping?.aborted) return;
  await allOf(rung, ({ callId }) => setLeadDispatched(callId, deps));
}

/** Side by side, so that they share transactions; one that fails keeps nobody else from being settled. @throws the first fault */
async function allOf<T>(found: readonly T[], settleOne: (one: T) => Promise<void>): Promise<void> {
  for (const settled of await Promise.allSettled(found.map(settleOne)))
    if (settled.status === 'rejected') throw settled.reason;
}
