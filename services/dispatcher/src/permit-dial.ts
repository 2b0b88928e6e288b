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
import { loadDialFacts, type Seen, type Sight } from './load-dial-facts.ts';
import { toNextDialAt } from './to-next-dial.ts';

/** `askedForCommitAt`: this process's monotonic clock, in ms, before it sent COMMIT. */
export type Permit = Exclude<PermitVerdict, { kind: 'permit' }> | { kind: 'permitted'; askedForCommitAt: number };

export async function permitDial(claim: Claim, deps: Deps): Promise<Permit> {
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
export async function permitDials(claims: readonly Claim[], deps: Deps): Promise<Permit[]> {
  const { seen, permits } = await deps.postgres.transactionEndingWith(async (sql) => {
    const calls = claims.map(({ callId }) => callId);
    const [, , sight, heard] = await Promise.all([
      lockCalls(sql, calls),
      lockDialControl(sql),
      loadDialFacts(sql, { permitsOf: claims }, deps.now),
      deps.reports.isHeard(sql),
    ]);
    const byCall = new Map(sight.leads.map((lead) => [lead.callId, lead]));
    const verdicts = decideAll(claims, { sight, byCall, heard }, deps);
    const given = claims.filter((_, n) => verdicts[n]?.kind === 'permit');
    const send = toMarkSent(given, sight.now, deps);
    return async () => {
      const askedForCommitAt = performance.now();
      const sent = await send(sql);
      const told = verdicts.map((verdict, n): Permit => {
        if (verdict.kind !== 'permit') return verdict;
        return sent.has(claims[n]?.callId) ? { kind: 'permitted', askedForCommitAt } : { kind: 'lost' };
      });
      return { seen: { now: sight.now, byCall }, permits: told };
    };
  });
  for (const [n, { callId, attempt }] of claims.entries()) {
    const createdAt = seen.byCall.get(callId)?.lead.createdAt;
    if (permits[n]?.kind !== 'permitted' || attempt !== 1 || createdAt === undefined) continue;
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

/**
 * Marks these dials as sent and, only for those, writes their events and moves the pace. Returns the calls whose dials were
 * marked; the other dials must not be made.
 */
function toMarkSent(given: readonly Claim[], now: Date, deps: Deps): (sql: Sql) => Promise<Set<number | undefined>> {
  if (given.length === 0) return () => Promise.resolve(nobody);
  const events = given.map(({ callId, leadId, source, room, attempt }) =>
    toOutboxRecord('dispatcher', callDialing, {
      subject: `call/${callId}`,
      time: now,
      data: { leadId, source, room, callId, attempt },
    }),
  );
  const parameters = [
    given.map(({ callId }) => callId),
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

const markSentText = `with sent as (
       update dials set sent_at = $2
        where call_id = any($1::int[]) and sent_at is null and revoked_at is null
          and claimed_at > $2::timestamptz - make_interval(secs => $3)
          and exists (select 1 from calls where id = call_id and status = 'calling')
       returning call_id),
     told as (${addRecords('dispatcher', '$4::jsonb', `exists (select from sent where r.aggregate = 'call/' || call_id)`)}),
     paced as (update dial_control set next_dial_at = $2::timestamptz + (select count(*) from sent) * make_interval(secs => $5)
                where id = 1 and exists (select from sent))
     select call_id, pg_notify('dispatcher_outbox', '') from sent`;
