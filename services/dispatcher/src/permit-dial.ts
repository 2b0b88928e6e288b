import { callDialing } from '@leadline/contracts/events/call-dialing';
import { lockCalls, lockDialControl } from '@leadline/database/locks';
import { rows, type Sql } from '@leadline/database/sql';
import { addRecords, toOutboxRecord } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { isOpen } from './call-window.ts';
import type { Claim } from './claim-due-leads.ts';
import { ringWindowMs } from './decide-dial.ts';
import { decidePermits, type PermitVerdict } from './decide-permits.ts';
import { claimLifeMs, type Deps } from './deps.ts';
import { moveBreaker } from './move-breaker.ts';
import { loadDialFacts, type Seen, type Sight } from './load-dial-facts.ts';
import { toNextDialAt } from './to-next-dial.ts';

/**
 * `afterMs`: the dial may leave so long after the permit was answered, and not before. `askedForCommitAt`: this process's
 * monotonic clock, in ms, before it sent COMMIT.
 */
export type Permit =
  | Exclude<PermitVerdict, { kind: 'permit' }>
  | { kind: 'permitted'; afterMs: number; askedForCommitAt: number };

/** A claim whose agent is in the room. `agentJustCame`: this is the first time that it asks, and a good sign. */
export type PermitAsk = Claim & { agentJustCame?: boolean };

export async function permitDial(claim: PermitAsk, deps: Deps): Promise<Permit> {
  const [permit] = await permitDials([claim], deps);
  if (permit === undefined) throw new Error('a permit was asked for and not answered');
  return permit;
}

/**
 * Checks again right before the INVITE, under one lock and for all claims of a group, everything that could forbid the
 * call. The last statement marks the permitted dials as sent: a dial without such a mark is never made.
 * @returns the answer to each, in their order
 * @throws for the whole group. If only COMMIT's answer was lost, some may be permitted: these get `lost` when they ask again
 */
export async function permitDials(claims: readonly PermitAsk[], deps: Deps): Promise<Permit[]> {
  const { seen, permits } = await deps.postgres.transactionEndingWith(async (sql) => {
    const calls = claims.map(({ callId }) => callId);
    const [, , sight, heard] = await Promise.all([
      lockCalls(sql, calls),
      lockDialControl(sql),
      loadDialFacts(sql, { permitsOf: claims }, deps.now),
      deps.reports.isHeard(sql),
    ]);
    if (sight.control.startupFailures > 0 && claims.some(({ agentJustCame }) => agentJustCame))
      await moveBreaker(sql, { kind: 'agent_came' }, sight.now, deps.policy.breaker);
    const byCall = new Map(sight.leads.map((lead) => [lead.callId, lead]));
    const verdicts = decideAll(claims, { sight, byCall, heard }, deps);
    const given = claims.flatMap((claim, n) => {
      const verdict = verdicts[n];
      return verdict?.kind === 'permit' ? [{ claim, afterMs: verdict.afterMs }] : [];
    });
    const send = toMarkSent(given, sight.now, deps);
    return async () => {
      const askedForCommitAt = performance.now();
      const sent = await send(sql);
      const told = verdicts.map((verdict, n): Permit => {
        if (verdict.kind !== 'permit') return verdict;
        if (!sent.has(claims[n]?.callId)) return { kind: 'lost' };
        return { kind: 'permitted', afterMs: verdict.afterMs, askedForCommitAt };
      });
      return { seen: { now: sight.now, byCall }, permits: told };
    };
  });
  for (const [n, { callId, attempt }] of claims.entries()) {
    const lead = seen.byCall.get(callId);
    const createdAt = lead?.lead.createdAt;
    if (permits[n]?.kind !== 'permitted' || attempt !== 1 || createdAt === undefined) continue;
    if (lead?.facts.testCall !== null) continue;
    const received = isOpen(deps.policy.window, createdAt, ringWindowMs(deps.policy)) ? 'in_window' : 'outside_window';
    deps.metrics.speedToLead.observe({ received }, (seen.now.getTime() - createdAt.getTime()) / 1_000);
  }
  return permits;
}

function decideAll(
  claims: readonly Claim[],
  seen: { sight: Sight; byCall: Map<number | null, Seen>; heard: true | number },
  { generation, policy }: Deps,
): PermitVerdict[] {
  const { now, control } = seen.sight;
  const refuseAll = (reason: string): PermitVerdict[] => claims.map(() => ({ kind: 'refused', reason }));
  if (generation.knowledgeOf(control.generation) !== 'current') return refuseAll('older_database');
  if (seen.heard !== true) return refuseAll('reports_not_heard');
  const asked = claims.map(({ callId, probe }) => ({ probe, seen: seen.byCall.get(callId) }));
  return decidePermits(asked, { nextDialAt: toNextDialAt(control, now) }, now, policy);
}

const nobody = new Set<number | undefined>();

type Given = { claim: Claim; afterMs: number };

/**
 * Marks these dials as sent, each at its own time, and only for those writes their events and moves the pace. Returns the
 * calls whose dials were marked; the other dials must not be made.
 */
function toMarkSent(given: readonly Given[], now: Date, deps: Deps): (sql: Sql) => Promise<Set<number | undefined>> {
  if (given.length === 0) return () => Promise.resolve(nobody);
  const events = given.map(({ claim: { callId, leadId, source, room, attempt } }) =>
    toOutboxRecord('dispatcher', callDialing, {
      subject: `call/${callId}`,
      time: now,
      data: { leadId, source, room, callId, attempt },
    }),
  );
  const parameters = [
    given.map(({ claim }) => claim.callId),
    given.map(({ afterMs }) => afterMs / 1_000),
    now,
    claimLifeMs(deps.policy) / 1_000,
    JSON.stringify(events),
    deps.policy.paceMs / 1_000,
  ];
  return async (sql) => {
    const sent = await rows(sql, z.object({ callId: z.number() }), markSentText, parameters);
    return new Set(sent.map(({ callId }) => callId));
  };
}

const markSentText = `with given as (
       select call_id, $3::timestamptz + make_interval(secs => after_s) as sent_at
         from unnest($1::int[], $2::float8[]) as given(call_id, after_s)),
     sent as (
       update dials d set sent_at = given.sent_at from given
        where d.call_id = given.call_id and d.sent_at is null and d.revoked_at is null
          and d.claimed_at > $3::timestamptz - make_interval(secs => $4)
          and exists (select 1 from calls where id = d.call_id and status = 'calling')
       returning d.call_id, d.sent_at),
     told as (${addRecords('dispatcher', '$5::jsonb', `exists (select from sent where r.aggregate = 'call/' || call_id)`)}),
     paced as (update dial_control set next_dial_at = (select max(sent_at) from sent) + make_interval(secs => $6)
                where id = 1 and exists (select from sent))
     select call_id, pg_notify('dispatcher_outbox', '') from sent`;
