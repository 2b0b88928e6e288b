import { modes } from '@leadline/contracts/modes';
import type { AgentMode } from '@leadline/contracts/qualification';
import { roomName } from '@leadline/contracts/room-name';
import { databaseNow, lockDialControl } from '@leadline/database/locks';
import { affected, instant, row, type Sql } from '@leadline/database/sql';
import { blameFor } from '@leadline/messaging/blame';
import { startSpan, type OpenSpan } from '@leadline/tracing/span';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { decideClaims, type ClaimStep } from './decide-claims.ts';
import type { Deps } from './deps.ts';
import { heldBack, maxUnsentDials } from './hold-back.ts';
import { getNewLeads, listDueLeads, listProbes, mostLookedAt } from './list-due-leads.ts';
import { loadDialFacts, type Seen, type Sight, type Whom } from './load-dial-facts.ts';
import { noteWait } from './note-wait.ts';
import { pauseLead } from './pause-after-talk.ts';
import { claimedFor } from './read-lead.ts';
import { failLead, markLeadAnswered } from './settle-lead.ts';

/** An attempt that this process prepares until it asks for the permit. No phone has rung yet. */
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
  /** The language that the person asked for in an earlier attempt. */
  language: string | null;
  /** An earlier attempt has left a message on a machine. */
  messageLeft: boolean;
  probe: boolean;
  /** The promise that this call keeps. */
  callbackId: number | null;
  /** When it was claimed, by the database's clock. */
  madeAt: Date;
  /** The same moment by this process's monotonic clock, in ms. */
  claimedAt: number;
  /** The attempt's span, in the trace of the lead's delivery. */
  span: OpenSpan;
};

/** Whether a claim might find something, as seen without a lock. */
export async function isAnyDue(deps: Deps): Promise<boolean> {
  return (await lookForDue(deps)) === 'due';
}

/** `full`: the claimed leads that wait for their dial have reached the limit. */
export async function lookForDue(deps: Deps): Promise<'due' | 'full' | 'none'> {
  const seen = await row(
    deps.postgres.sql,
    z.object({ now: instant, hasFresh: z.boolean(), earliest: instant.nullable(), unsentDials: z.number() }),
    `select clock_timestamp() as now,
            (select id from leads where status = 'new' and retry_after is null
              order by created_at, id limit 1) is not null as has_fresh,
            (select min(retry_after) from leads where status = 'new') as earliest,
            (select count(*)::int from dials where sent_at is null and revoked_at is null) as unsent_dials`,
    [],
  );
  if (seen === undefined) return 'none';
  if (seen.unsentDials >= maxUnsentDials(deps.policy)) return 'full';
  return seen.hasFresh || (seen.earliest !== null && seen.earliest <= deps.now(seen.now)) ? 'due' : 'none';
}

/** Whether a claim would change anything now. Takes no lock. Leads may be due and still all wait for the same thing. */
export async function isAnyClaimable(deps: Deps): Promise<boolean> {
  const { sql } = deps.postgres;
  const sight = await loadDialFacts(sql, { due: getNewLeads(mostLookedAt) }, deps.now);
  if (sight.control.breakerDelayMs !== null) return true;
  return decideClaims(sight.leads, sight.now, deps.policy, 1).length > 0;
}

/**
 * Claims the leads that have been due longest and may be called now, at most so many. A lead whose claim throws is set
 * aside for an hour, so that the leads behind it are still claimed.
 */
export async function claimDueLeads(deps: Deps, maxClaims: number): Promise<Claim[]> {
  let limit = maxClaims;
  for (;;) {
    try {
      const { claims, lookAgain } = await claimTogether(deps, { dueForClaim: getNewLeads(limit) }, maxClaims);
      if (claims.length > 0 || !lookAgain(limit)) return claims;
    } catch (error) {
      // A busy lock or a lost connection says nothing about the leads.
      if (blameFor(error) === 'elsewhere') throw error;
      return claimOneByOne(deps, limit, maxClaims);
    }
    limit = Math.max(limit, mostLookedAt);
  }
}

/** One lead made the group's claim throw. Claims each lead by itself, and sets aside the one that throws. */
async function claimOneByOne(deps: Deps, limit: number, maxClaims: number): Promise<Claim[]> {
  const { sql } = deps.postgres;
  const claims: Claim[] = [];
  for (const leadId of await listDueLeads(sql, deps.now(await databaseNow(sql)), limit)) {
    if (claims.length >= maxClaims) break;
    try {
      const claimed = await claimTogether(deps, { forClaim: [leadId] }, 1);
      claims.push(...claimed.claims);
    } catch (error) {
      if (blameFor(error) !== 'elsewhere') await setAside(leadId, error, deps);
      // Leads claimed before the outage must still get their permit.
      else if (claims.length === 0) throw error;
      else break;
    }
  }
  return claims;
}

/** `lookAgain`: none of the leads we looked at could be claimed; there may be others behind them. */
type Claiming = { claims: Claim[]; lookAgain: (limit: number) => boolean };
const nothing: Claiming = { claims: [], lookAgain: () => false };

/**
 * getNewLeads and createCall in one short transaction under one lock: each of these leads that may be dialled becomes a
 * `calling` row with its dial, so that no second dispatcher can hold it. Each is decided on as if those before it were
 * written already, and all are written by one statement, which leaves with COMMIT.
 */
async function claimTogether(deps: Deps, whom: Whom, maxClaims: number): Promise<Claiming> {
  const claims: Claim[] = [];
  try {
    return await deps.postgres.transactionEndingWith(async (sql): Promise<() => Promise<Claiming>> => {
      const [, first, heard] = await Promise.all([
        lockDialControl(sql),
        loadDialFacts(sql, whom, deps.now),
        deps.reports.isHeard(sql),
      ]);
      const { control, now } = first;
      if (heldBack({ control, now, heard }, deps) !== undefined) return () => Promise.resolve(nothing);
      // While the breaker is tripped only one lead is claimed, as a probe.
      const isTripped = control.breakerDelayMs !== null;
      const room = isTripped ? 1 : maxUnsentDials(deps.policy) - control.unsentDials;
      const sight = isTripped ? await seeProbes(sql, whom, first, deps) : first;
      const steps = decideClaims(sight.leads, now, deps.policy, Math.min(maxClaims, room));
      let outOfTheWay = 0;
      const calls: NewCall[] = [];
      for (const { seen, step } of steps) {
        if (step.kind === 'claim') calls.push(createCall(seen, { probe: step.probe, now }, deps));
        else if (await putOutOfTheWay(sql, seen, step, now)) outOfTheWay++;
      }
      claims.push(...calls.map(({ claim }) => claim));
      const lookAgain = (limit: number): boolean => sight.leads.length >= limit && outOfTheWay > 0;
      if (calls.length === 0) return () => Promise.resolve({ claims, lookAgain });
      const write = writeCalls(calls, now, deps);
      return async () => {
        await write(sql);
        return { claims, lookAgain };
      };
    });
  } catch (error) {
    for (const { span } of claims) void span.run(() => Promise.reject(error)).catch(() => undefined);
    throw error;
  }
}

async function seeProbes(sql: Sql, whom: Whom, first: Sight, deps: Deps): Promise<Sight> {
  if ('forClaim' in whom) return first;
  return loadDialFacts(sql, { forClaim: await listProbes(sql, first.now) }, deps.now);
}

/** Moves a lead that was not claimed away from the front of the queue. True when the next claim will not see it first. */
async function putOutOfTheWay(
  sql: Sql,
  { lead }: Seen,
  step: Exclude<ClaimStep, { kind: 'claim' }>,
  now: Date,
): Promise<boolean> {
  switch (step.kind) {
    case 'pause':
      await pauseLead(sql, lead, step.wait, now);
      return true;
    case 'tell':
      return noteWait(sql, lead, step.wait);
    case 'refuse':
      if (step.reason === 'answered') await markLeadAnswered(sql, lead, now);
      else await failLead(sql, lead, { reason: step.reason, retryCount: lead.retryCount }, now);
      return true;
  }
}

type NewCall = { claim: Claim; enquiries: number };

/** The attempt, before its row is written. */
function createCall(
  { lead, facts, lastAttempt, traceparent, nextCallId }: Seen,
  { probe, now }: { probe: boolean; now: Date },
  deps: Deps,
): NewCall {
  const { phone } = facts;
  if (phone === undefined) throw new Error('a lead without a dialable number was claimed');
  if (nextCallId === undefined) throw new Error('the sequence of calls gave no number');
  const attempt = lastAttempt + 1;
  const attributes = { 'leadline.lead_id': lead.id, 'leadline.call_id': nextCallId, 'leadline.attempt': attempt };
  return {
    enquiries: lead.enquiries,
    claim: {
      callId: nextCallId,
      leadId: lead.id,
      source: lead.source,
      attempt,
      room: roomName(nextCallId, randomRoomPart()),
      phone,
      name: lead.name,
      products: [...new Set([lead.productName ?? [], lead.enquiredProducts].flat())],
      mode: lead.agentMode ?? deps.policy.agentMode,
      language: lead.language,
      messageLeft: lead.messageLeft,
      probe,
      callbackId: lead.promise !== null && lead.promise.dueAt <= now ? lead.promise.id : null,
      madeAt: now,
      claimedAt: performance.now(),
      span: startSpan('attempt', { traceparent, attributes }),
    },
  };
}

/** Writes the attempts' rows before any phone rings, and notes which enquiries each attempt covers. */
function writeCalls(calls: readonly NewCall[], now: Date, deps: Deps): (sql: Sql) => Promise<unknown> {
  const records = calls.map(({ claim, enquiries }) => ({
    call_id: claim.callId,
    lead_id: claim.leadId,
    name: claim.name,
    phone: claim.phone,
    source: claim.source,
    room: claim.room,
    attempt: claim.attempt,
    mode: claim.mode,
    mode_version: modes.get(claim.mode)?.version,
    probe: claim.probe,
    callback_id: claim.callbackId,
    traceparent: claim.span.traceparent,
    enquiries,
  }));
  return (sql) => affected(sql, writeCallsText, [JSON.stringify(records), now, deps.owner]);
}

const writeCallsText = `with g as (
       select call_id, lead_id, name, phone, source, room, attempt, mode, mode_version, probe, callback_id, traceparent, enquiries
         from jsonb_to_recordset($1::jsonb) as g(call_id int, lead_id int, name text, phone text, source text, room text,
                                                        attempt int, mode text, mode_version text, probe boolean, callback_id int, traceparent text, enquiries int)),
     call as (
       insert into calls (id, lead_id, name, phone, source, status, call_room, call_started_at, attempt, agent_mode)
       select call_id, lead_id, name, phone, source, 'calling', room, $2, attempt, mode from g),
     dial as (
       insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, probe, traceparent, callback_id, mode_version)
       select call_id, lead_id, attempt, phone, $3, $2, probe, traceparent, callback_id, mode_version from g),
     waited as (delete from lead_waits w using g where w.lead_id = g.lead_id),
     heard as (
       insert into enquiries_heeded (lead_id, enquiries) select lead_id, enquiries from g where enquiries > 0
       on conflict (lead_id) do update set enquiries = excluded.enquiries)
     update leads l set retry_after = $2::timestamptz + ${claimedFor}, updated_at = $2 from g where l.id = g.lead_id`;

/** Twelve characters that nobody can guess: outside this system a call is known only by its room's name. */
function randomRoomPart(): string {
  return Array.from(randomBytes(12), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
}

/** A lead whose claim throws comes up again in an hour, so that it does not block the others. */
async function setAside(leadId: number, error: unknown, deps: Deps): Promise<void> {
  deps.log.error({ err: error, leadId }, 'a lead could not be claimed; we try it again in an hour');
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
