import { leadCallbackClosed } from '@leadline/contracts/events/lead-callback-closed';
import { leadCallbackMoved } from '@leadline/contracts/events/lead-callback-moved';
import { leadCallbackPromised } from '@leadline/contracts/events/lead-callback-promised';
import {
  callbackAskers,
  callbackKeepers,
  callbackPrecisions,
} from '@leadline/contracts/events/agent-callback-requested';
import { databaseNow } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { isOpen } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import { decideKept, decideRequest, dueOfPromise } from './decide-promise.ts';
import { aheadMs, nowAt, type Deps } from './deps.ts';
import { isDoNotCall } from './number-rules.ts';
import { isTestCall, lockLead, readLeadCalls, type LeadRow } from './read-lead.ts';
import { promiseColumn, promiseRow, type PromiseRow } from './promise-row.ts';

/** Why a promise has its state: the streams showed it after an older database was restored. */
export const beforeRestore = 'before_restore';

const request = z.object({
  callId: z.number(),
  heardAt: instant,
  request: z.object({
    words: z.string().nullable(),
    at: z.iso
      .datetime()
      .nullable()
      .transform((text) => (text === null ? null : new Date(text))),
    precision: callbackPrecisions,
    confirmed: z.boolean(),
    askedBy: callbackAskers,
    keptBy: callbackKeepers,
    saidAt: z.iso.datetime().transform((text) => new Date(text)),
  }),
});
type Request = z.infer<typeof request>;

/** SQL: the request that was made in call c, with facts f, has not been acted on yet. */
const isUnheard = `f.callback_request is not null and f.erased_at is null
  and not exists (select from callbacks b where b.call_id = f.call_id and b.heard_at >= f.callback_heard_at)`;

/** An ended call, with all that decides about promises. */
export type EndedForPromise = {
  id: number;
  phone: string;
  /** The promise for which the dial was made. */
  callbackId: number | null;
  sentAt: Date | null;
  putBackReason: string | null;
  failureReason: string | null;
  /** This number gets no callback, whatever was said in the call. */
  endsBecause: 'do_not_call' | 'wrong_number' | null;
  /** The buyer asked in this call to be called back. */
  hasRequest: boolean;
};

/**
 * Acts on an ended call: the promise for which it was made is kept, missed or still waits, and a request made in the call
 * becomes a promise. The caller holds the lead's lock.
 * @returns the promise that now waits
 */
export async function settlePromise(
  sql: Sql,
  lead: LeadRow,
  call: EndedForPromise,
  now: Date,
  deps: Deps,
): Promise<PromiseRow | null> {
  let promise = lead.promise;
  if (promise !== null && promise.id === call.callbackId) {
    const kept = decideKept(
      promise.at,
      {
        sentAt: call.sentAt,
        wasNotDialled: call.putBackReason !== null || call.failureReason === 'startup_failed',
        failedBefore: await countFailedDials(sql, promise.id, call.id),
      },
      deps.policy,
    );
    if (kept.state !== 'waiting') {
      await closePromise(sql, { lead, promise }, { ...kept, rangAt: call.sentAt, callId: call.id }, now);
      promise = null;
    }
  }
  const isWrongNumber = call.endsBecause === 'wrong_number';
  if (call.hasRequest) promise = await hearRequests(sql, { ...lead, promise, isWrongNumber }, now, deps);
  if (promise === null || call.endsBecause === null) return promise;
  await closePromise(sql, { lead, promise }, { state: 'cancelled', why: call.endsBecause }, now);
  return null;
}

async function countFailedDials(sql: Sql, callbackId: number, callId: number): Promise<number> {
  const found = await row(
    sql,
    z.object({ count: z.number() }),
    `select count(*)::int as count from dials where callback_id = $1 and call_id < $2
        and (put_back_reason is null or sent_at is not null or put_back_reason = 'agent_refused')`,
    [callbackId, callId],
  );
  return found?.count ?? 0;
}

/** A lead whose calls may hold requests, and whether a talk has shown that its number is another person's. */
type AskingLead = LeadRow & { isWrongNumber: boolean };

/** Turns each request in the lead's calls that has not been acted on into a promise. @returns the promise that now waits */
async function hearRequests(sql: Sql, lead: AskingLead, now: Date, deps: Deps): Promise<PromiseRow | null> {
  const asked = await rows(
    sql,
    request,
    `select f.call_id, f.callback_heard_at as heard_at, f.callback_request as request
       from calls c join call_facts f on f.call_id = c.id
      where c.lead_id = $1 and ${isUnheard}
      order by f.callback_request->>'saidAt', f.call_id`,
    [lead.id],
  );
  let { promise } = lead;
  for (const one of asked) promise = await hearRequest(sql, { ...lead, promise }, one, now, deps);
  return promise;
}

async function hearRequest(
  sql: Sql,
  lead: AskingLead,
  { callId, heardAt, request: asked }: Request,
  now: Date,
  deps: Deps,
): Promise<PromiseRow | null> {
  const known = await affected(
    sql,
    `update callbacks set heard_at = $3 where call_id = $1 and (said_at = $2 or (why = $4 and at = $5))`,
    [callId, asked.saidAt, heardAt, beforeRestore, asked.at],
  );
  if (known > 0) return lead.promise;
  const decision = decideRequest(
    // An agent's clock may run ahead: no request was made later than its report arrived.
    { ...asked, saidAt: asked.saidAt < heardAt ? asked.saidAt : heardAt },
    {
      doNotCall: await isDoNotCall(sql, lead.phone),
      isTestCall: isTestCall(lead),
      isWrongNumber: lead.isWrongNumber,
      promisesBefore: await countPromises(sql, lead.id),
    },
    deps.policy,
  );
  const { promise } = lead;
  // The buyer said this before the request that is already promised: it arrived late and no longer counts.
  const isOlder = promise !== null && promise.saidAt > asked.saidAt;
  const takes = decision.kind !== 'refuse' && !isOlder;
  if (takes && promise !== null) await replacePromise(sql, promise, 'asked_again', now);
  const end = isOlder
    ? { state: 'moved', why: 'asked_again' }
    : decision.kind === 'promise'
      ? { state: 'waiting', why: null }
      : decision.kind === 'to_person'
        ? { state: 'moved', why: 'to_person' }
        : { state: 'cancelled', why: decision.because };
  const dueAt = decision.kind === 'promise' ? decision.dueAt : asked.at;
  await addCallback(sql, { ...asked, ...end, leadId: lead.id, callId, dueAt, heardAt }, now);
  await tellRequest(sql, { lead, callId, replaced: takes ? promise : null }, asked, { ...end, dueAt });
  return takes ? readPromise(sql, lead.id) : promise;
}

async function tellRequest(
  sql: Sql,
  { lead, callId, replaced }: { lead: LeadRow; callId: number; replaced: PromiseRow | null },
  asked: Request['request'],
  { state, why, dueAt }: { state: string; why: string | null; dueAt: Date | null },
): Promise<void> {
  const ids = { leadId: lead.id, source: lead.source };
  const subject = `lead/${lead.id}`;
  if (state === 'cancelled') {
    await enqueue(sql, 'dispatcher', leadCallbackClosed, {
      subject,
      data: { ...ids, callId, at: asked.at?.toISOString() ?? null, state, reason: why, rangAt: null },
    });
    return;
  }
  if (why === 'asked_again' || asked.at === null || dueAt === null) return;
  const [at, due] = [asked.at.toISOString(), dueAt.toISOString()];
  const { precision, keptBy } = asked;
  await enqueue(sql, 'dispatcher', leadCallbackPromised, {
    subject,
    data: { ...ids, callId, at, dueAt: due, precision, keptBy },
  });
  if (replaced !== null && replaced.at.getTime() !== asked.at.getTime())
    await tellMoved(sql, lead, { from: replaced.at, to: asked.at, reason: 'asked_again' });
  if (at !== due) await tellMoved(sql, lead, { from: asked.at, to: dueAt, reason: 'window_shut' });
}

/** The promised time of a callback, and the time to which it moved. */
export async function tellMoved(
  sql: Sql,
  lead: { id: number; source: string },
  { from, to, reason }: { from: Date; to: Date; reason: string },
): Promise<void> {
  await enqueue(sql, 'dispatcher', leadCallbackMoved, {
    subject: `lead/${lead.id}`,
    data: { leadId: lead.id, source: lead.source, from: from.toISOString(), to: to.toISOString(), reason },
  });
}

/** How many dials were made for the lead's earlier promises. */
async function countPromises(sql: Sql, leadId: number): Promise<number> {
  const found = await row(
    sql,
    z.object({ count: z.number() }),
    `select count(*)::int as count from callbacks where lead_id = $1 and state in ('kept', 'missed') and kept_by = 'agent'`,
    [leadId],
  );
  return found?.count ?? 0;
}

export function readPromise(sql: Sql, leadId: number): Promise<PromiseRow | null> {
  return row(
    sql,
    z.object({ promise: promiseRow.nullable() }),
    `select ${promiseColumn('l')} as promise from leads l where l.id = $1`,
    [leadId],
  ).then((found) => found?.promise ?? null);
}

/** A new row of `callbacks`. */
export type NewCallback = Omit<Request['request'], 'at'> & {
  leadId: number;
  callId: number | null;
  at: Date | null;
  dueAt: Date | null;
  heardAt: Date | null;
  state: string;
  why: string | null;
};

export async function addCallback(sql: Sql, made: NewCallback, now: Date): Promise<void> {
  await affected(
    sql,
    `insert into callbacks (lead_id, call_id, words, at, due_at, precision, confirmed, asked_by, kept_by, said_at, heard_at,
                            state, why, created_at, closed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text, $13, $14::timestamptz,
             case when $12::text <> 'waiting' then $14::timestamptz end)`,
    [
      made.leadId,
      made.callId,
      made.words,
      made.at,
      made.dueAt,
      made.precision,
      made.confirmed,
      made.askedBy,
      made.keptBy,
      made.saidAt,
      made.heardAt,
      made.state,
      made.why,
      now,
    ],
  );
}

/** Ends a promise because another time has replaced it. */
export async function replacePromise(sql: Sql, promise: PromiseRow, why: string, now: Date): Promise<void> {
  await affected(
    sql,
    `update callbacks set state = 'moved', why = $2, closed_at = $3 where id = $1 and state = 'waiting'`,
    [promise.id, why, now],
  );
}

/** Ends the promise and publishes what became of it. */
export async function closePromise(
  sql: Sql,
  { lead, promise }: { lead: { id: number; source: string }; promise: PromiseRow },
  end: { state: 'kept' | 'missed' | 'cancelled'; why: string | null; rangAt?: Date | null; callId?: number },
  now: Date,
): Promise<void> {
  const { state, why, rangAt = null, callId = null } = end;
  const closed = await affected(
    sql,
    `update callbacks set state = $2, why = $3, rang_at = $4, rang_call_id = $5, closed_at = $6
      where id = $1 and state = 'waiting'`,
    [promise.id, state, why, rangAt, callId, now],
  );
  if (closed === 0) return;
  await enqueue(sql, 'dispatcher', leadCallbackClosed, {
    subject: `lead/${lead.id}`,
    data: {
      leadId: lead.id,
      source: lead.source,
      callId: callId ?? promise.callId,
      at: promise.at.toISOString(),
      state,
      reason: why,
      rangAt: rangAt?.toISOString() ?? null,
    },
  });
}

/** Ends a lead's waiting promise because the lead itself is settled. */
export async function endPromise(
  sql: Sql,
  lead: LeadRow,
  end: { state: 'kept' | 'cancelled'; why: string },
  now: Date,
): Promise<void> {
  if (lead.promise !== null) await closePromise(sql, { lead, promise: lead.promise }, end, now);
}

/** Makes the lead due at the promised time, whether it waited for a retry, had answered or was given up. */
export async function dueForPromise(
  sql: Sql,
  { lead, promise }: { lead: LeadRow; promise: PromiseRow },
  notBefore: Date | null,
  now: Date,
  deps: Deps,
): Promise<Date> {
  const { at, isMoved } = dueOfPromise(promise, notBefore, deps.policy);
  await affected(
    sql,
    `update leads set status = 'new', retry_after = $2, failure_reason = null, updated_at = $3
      where id = $1 and status in ('new', 'dispatched', 'failed')`,
    [lead.id, at, now],
  );
  await affected(sql, `delete from lead_waits where lead_id = $1`, [lead.id]);
  if (isMoved) {
    await affected(sql, `update callbacks set due_at = $2 where id = $1 and state = 'waiting'`, [promise.id, at]);
    await tellMoved(sql, lead, { from: promise.dueAt, to: at, reason: 'window_shut' });
  }
  return at;
}

const atOnce = 200;
const isUndecided = `exists (select from calls o left join dials d on d.call_id = o.id where o.lead_id = l.id
  and (o.status = 'calling' or d.call_id is not null and d.decided_at is null))`;

/**
 * Handles what no ended call triggers: requests that arrived late, promises whose lead an older dispatcher or a person has
 * settled, and promises that are due while the window is shut.
 */
export async function keepPromises(deps: Deps, stopping?: AbortSignal): Promise<void> {
  const found = await rows(
    deps.postgres.sql,
    z.object({ now: instant, id: z.number(), onlyIfShut: z.boolean() }),
    `with found as (
       select l.id, false as only_if_shut
         from call_facts f join calls c on c.id = f.call_id join leads l on l.id = c.lead_id
        where f.callback_heard_at > ${nowAt('$1')} - interval '1 day' and ${isUnheard} and not ${isUndecided}
       union all
       select l.id, l.status = 'new' and l.retry_after is not null and l.retry_after >= w.due_at
         from callbacks w join leads l on l.id = w.lead_id
        where w.state = 'waiting' and not ${isUndecided}
          and (l.status <> 'new' or l.retry_after is null or l.retry_after < w.due_at or w.due_at <= ${nowAt('$1')}))
     select clock_timestamp() as now, id, bool_and(only_if_shut) as only_if_shut
       from found group by id order by only_if_shut limit ${atOnce}`,
    [aheadMs(deps.now)],
  );
  for (const { id, now, onlyIfShut } of found) {
    if (stopping?.aborted) return;
    const isShut = !isOpen(deps.policy.window, deps.now(now), ringWindowMs(deps.policy));
    if (onlyIfShut && !isShut) continue;
    await deps.postgres.transaction(async (sql) => {
      const lead = await lockLead(sql, id);
      if (lead === undefined) return;
      const { hasUndecidedCall, disposition } = await readLeadCalls(sql, id);
      if (hasUndecidedCall) return;
      const isWrongNumber = disposition === 'wrong_number';
      const at = deps.now(await databaseNow(sql));
      const promise = await hearRequests(sql, { ...lead, isWrongNumber }, at, deps);
      if (promise !== null) await dueForPromise(sql, { lead, promise }, isShut ? at : null, at, deps);
    });
  }
}
