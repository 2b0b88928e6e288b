import { normalisePhone } from '@leadline/contracts/phone-number';
import type { AgentMode } from '@leadline/contracts/qualification';
import { roomName } from '@leadline/contracts/room-name';
import { lockDialControl } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { blameFor } from '@leadline/messaging/blame';
import { startSpan, type OpenSpan } from '@leadline/tracing/span';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { decideDial } from './decide-dial.ts';
import type { Deps } from './deps.ts';
import { heldBack, maxUnsentDials } from './hold-back.ts';
import { loadDialFacts, lockLead, oldCallHolds, readControl, waitsForReport, type LeadRow } from './load-dial-facts.ts';
import { heed } from './heed-enquiries.ts';
import { noteWait } from './note-wait.ts';
import { pauseLead } from './pause-after-talk.ts';
import { failLead, markLeadAnswered } from './settle-lead.ts';

/** An attempt that this process may bring up to its permit. Nothing has rung yet. */
export type Claim = {
  callId: number;
  leadId: number;
  source: string;
  attempt: number;
  room: string;
  phone: string;
  name: string;
  /** What the buyer asked for: the lead's own product, then those of its further enquiries. */
  products: string[];
  mode: AgentMode;
  probe: boolean;
  /** By this process' monotonic clock, ms. */
  claimedAt: number;
  /** The attempt's, in the trace that the lead came in with. */
  span: OpenSpan;
};

const candidates = 20;

/** What a look without a lock tells: whether a claim may find something. */
export async function isAnyDue(deps: Deps): Promise<boolean> {
  const seen = await row(
    deps.postgres.sql,
    z.object({ now: instant, hasFresh: z.boolean(), earliest: instant.nullable(), unsentDials: z.number() }),
    `select clock_timestamp() as now,
            exists (select from leads where status = 'new' and retry_after is null) as has_fresh,
            (select min(retry_after) from leads where status = 'new') as earliest,
            (select count(*)::int from dials where sent_at is null and revoked_at is null) as unsent_dials`,
    [],
  );
  if (seen === undefined || seen.unsentDials >= maxUnsentDials(deps.policy)) return false;
  return seen.hasFresh || (seen.earliest !== null && seen.earliest <= deps.now(seen.now));
}

/** @returns the oldest due leads that may be claimed now, at most so many */
export async function claimDueLeads(deps: Deps, maxClaims: number): Promise<Claim[]> {
  for (;;) {
    const { claims, lookAgain } = await claimTogether(deps, maxClaims);
    if (claims.length > 0 || !lookAgain) return claims;
  }
}

/**
 * getNewLeads and createCall in one short transaction under one lock: each of the oldest due leads becomes a `calling`
 * row with its dial, so that no second dispatcher can hold it. Each is asked about after those before it were written.
 * `lookAgain`: all the oldest were told to wait, or refused.
 */
async function claimTogether(deps: Deps, maxClaims: number): Promise<{ claims: Claim[]; lookAgain: boolean }> {
  let inHand: number | undefined;
  const claims: Claim[] = [];
  try {
    const lookAgain = await deps.postgres.transaction(async (sql) => {
      await lockDialControl(sql);
      const control = await readControl(sql);
      const now = deps.now(control.now);
      if ((await heldBack(sql, control, now, deps)) !== undefined) return false;
      // A tripped breaker lets one probe out.
      const room = control.breakerDelayMs === null ? maxUnsentDials(deps.policy) - control.unsentDials : 1;
      const due = await getNewLeads(sql, now, control.breakerDelayMs !== null);
      let outOfTheWay = 0;
      for (const leadId of due) {
        if (claims.length >= Math.min(maxClaims, room)) break;
        inHand = leadId;
        const lead = await lockLead(sql, leadId);
        if (lead === undefined) continue;
        const decision = decideDial(await loadDialFacts(sql, { lead, control }, now), now, deps.policy);
        switch (decision.kind) {
          case 'dial':
            claims.push(await createCall(sql, lead, { probe: decision.probe, now }, deps));
            break;
          case 'wait':
            if (decision.reason === 'talked_recently') {
              await pauseLead(sql, lead, decision, now);
              outOfTheWay++;
              break;
            }
            // Others wait for the same; these only for their own number.
            if (decision.reason !== 'number_in_use' && decision.reason !== 'report_unheard') return false;
            if (await noteWait(sql, lead, decision)) outOfTheWay++;
            break;
          case 'refuse':
            if (decision.reason === 'answered') await markLeadAnswered(sql, lead, now);
            else await failLead(sql, lead, { reason: decision.reason, retryCount: lead.retryCount }, now);
            outOfTheWay++;
            break;
          case 'not_due':
            break;
        }
      }
      return due.length === candidates && outOfTheWay > 0;
    });
    return { claims, lookAgain };
  } catch (error) {
    for (const { span } of claims) void span.run(() => Promise.reject(error)).catch(() => undefined);
    // A busy lock or a lost connection says nothing about the lead.
    if (inHand === undefined || blameFor(error) === 'elsewhere') throw error;
    await setAside(inHand, error, deps);
    return { claims: [], lookAgain: false };
  }
}

/**
 * Due leads, oldest first. While the breaker is tripped those come last that were its probe lately: a lead whose own
 * agent never comes would else be the probe again and again, and hold everybody back for good.
 */
async function getNewLeads(sql: Sql, now: Date, tripped: boolean): Promise<number[]> {
  if (!tripped) return listDueLeads(sql, now, '', '');
  const probes = 'from dials d where d.lead_id = l.id and d.probe';
  const rested = `and not exists (select 1 ${probes} and d.claimed_at > $1::timestamptz - interval '1 hour')`;
  const due = await listDueLeads(sql, now, rested, '');
  return due.length > 0 ? due : listDueLeads(sql, now, '', `(select max(d.claimed_at) ${probes}) nulls first,`);
}

/**
 * `new`, retry_after empty or past, every call decided. One that waits for its number, and was told so, is left out
 * until that number is free. `offset 0` has Postgres ask that of one lead after the other, by the index of numbers: else
 * it reads every dial there ever was, at each claim (0.3 s with 100,000 of them, 3 ms so).
 */
async function listDueLeads(sql: Sql, now: Date, only: string, first: string): Promise<number[]> {
  const due = await rows(
    sql,
    z.object({ id: z.number() }),
    `select l.id from leads l
      where l.status = 'new' and (l.retry_after is null or l.retry_after <= $1)
        and not exists (select 1 from calls c left join dials d on d.call_id = c.id
                         where c.lead_id = l.id
                           and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null)))
        and not (exists (select from lead_waits w where w.lead_id = l.id)
             and (exists (select from dials d
                           where last_ten(d.phone) = last_ten(l.phone) and d.revoked_at is null
                             and coalesce((select f.number_free_at from call_facts f where f.call_id = d.call_id), 'infinity') > $1
                          offset 0)
               or exists (select from calls o
                           where last_ten(o.phone) = last_ten(l.phone) and o.attempt is null and o.status = 'calling'
                             and o.call_started_at > $1::timestamptz - ${oldCallHolds}
                          offset 0)))
        and not (${waitsForReport})
        ${only}
      order by ${first} l.created_at, l.id
      limit ${candidates}`,
    [now],
  );
  return due.map((lead) => lead.id);
}

/** The attempt's row, before anything rings. */
async function createCall(
  sql: Sql,
  lead: LeadRow,
  { probe, now }: { probe: boolean; now: Date },
  deps: Deps,
): Promise<Claim> {
  const normalised = normalisePhone(lead.phone);
  if (!normalised.ok) throw new Error('a lead without a dialable number was claimed');
  const next = await row(
    sql,
    z.object({ callId: z.coerce.number(), attempt: z.number(), traceparent: z.string().nullable() }),
    `select nextval(pg_get_serial_sequence('calls', 'id')) as call_id,
            coalesce((select max(attempt) from calls where lead_id = $1), 0) + 1 as attempt,
            (select traceparent from lead_receipts where lead_id = $1 and verdict = 'accepted'
              order by received_at limit 1) as traceparent`,
    [lead.id],
  );
  if (next === undefined) throw new Error('the sequence of calls gave no number');
  const mode = lead.agentMode ?? deps.policy.agentMode;
  const room = roomName(next.callId, randomRoomPart());
  const span = startSpan('attempt', {
    traceparent: next.traceparent,
    attributes: { 'leadline.lead_id': lead.id, 'leadline.call_id': next.callId, 'leadline.attempt': next.attempt },
  });
  await affected(
    sql,
    `with call as (
       insert into calls (id, lead_id, name, phone, source, status, call_room, call_started_at, attempt, agent_mode)
       values ($1, $3, $4, $5, $6, 'calling', $7, $2, $8, $9)),
     dial as (
       insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, probe, traceparent)
       values ($1, $3, $8, $5, $10, $2, $11, $12)),
     waited as (delete from lead_waits where lead_id = $3)
     -- A day ahead: it keeps the old program away, and the decision on this call overwrites it.
     update leads set retry_after = $2::timestamptz + interval '1 day', updated_at = $2 where id = $3`,
    [
      next.callId,
      now,
      lead.id,
      lead.name,
      normalised.phone,
      lead.source,
      room,
      next.attempt,
      mode,
      deps.owner,
      probe,
      span.traceparent,
    ],
  );
  await heed(sql, lead);
  return {
    callId: next.callId,
    leadId: lead.id,
    source: lead.source,
    attempt: next.attempt,
    room,
    phone: normalised.phone,
    name: lead.name,
    products: [...new Set([lead.productName ?? [], lead.enquiredProducts].flat())],
    mode,
    probe,
    claimedAt: performance.now(),
    span,
  };
}

/** Twelve characters that nobody guesses: a room's name is its call's only name outside. */
function randomRoomPart(): string {
  return Array.from(randomBytes(12), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
}

/** A lead whose claim throws must not stand in everybody's way: it comes up again in an hour. */
async function setAside(leadId: number, error: unknown, deps: Deps): Promise<void> {
  deps.log.error({ err: error, leadId }, 'a lead could not be claimed; it is looked at again in an hour');
  deps.metrics.claimFaults.inc();
  await deps.postgres.transaction((sql) =>
    affected(
      sql,
      `update leads set retry_after = clock_timestamp() + interval '1 hour', updated_at = clock_timestamp()
        where id = $1 and status = 'new' and (retry_after is null or retry_after <= clock_timestamp())`,
      [leadId],
    ),
  );
}
