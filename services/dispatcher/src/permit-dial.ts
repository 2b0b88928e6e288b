import { callDialing } from '@leadline/contracts/events/call-dialing';
import { lockCall, lockDialControl } from '@leadline/database/locks';
import { row, type Sql } from '@leadline/database/sql';
import { addRecords, toOutboxRecord } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { isOpen } from './call-window.ts';
import type { Claim } from './claim-due-leads.ts';
import { mayRing, ringWindowMs } from './decide-dial.ts';
import { claimLifeMs, type Deps } from './deps.ts';
import { loadDialFacts, readControl, readLead } from './load-dial-facts.ts';
import { toNextDialAt } from './to-next-dial.ts';

export type Permit =
  | { kind: 'permitted'; askedForCommitAt: number }
  | { kind: 'ask_again'; reason: string; afterMs: number }
  | { kind: 'refused'; reason: string }
  /** Somebody revoked or sent it, or its call has ended: nothing is left to do. */
  | { kind: 'lost' };

/** Pace, caps and a number in use pass by themselves: asked again while the claim is young. */
const askAgainMs = 250;

/**
 * The second look, right before the INVITE: everything that forbids a ring is asked once more under one lock, and the
 * last statement marks the dial as sent. No row, no dial. `askedForCommitAt` is this process' monotonic clock.
 */
export async function permitDial(claim: Claim, deps: Deps): Promise<Permit> {
  return deps.postgres.transaction(async (sql): Promise<Permit> => {
    await lockCall(sql, claim.callId);
    await lockDialControl(sql);
    if (!(await deps.generation.holds(sql))) return { kind: 'refused', reason: 'older_database' };
    if ((await deps.reports.isHeard(sql)) !== true) return { kind: 'refused', reason: 'reports_not_heard' };
    const control = await readControl(sql);
    const now = deps.now(control.now);
    const lead = await readLead(sql, claim.leadId);
    if (lead === undefined) return { kind: 'refused', reason: 'lead_gone' };
    const facts = await loadDialFacts(sql, { lead, control }, now, { callId: claim.callId, sentOnly: true });
    if (lead.status !== 'new') return { kind: 'refused', reason: facts.hasAnswers ? 'answered' : 'lead_not_new' };
    const verdict = mayRing(facts, now, deps.policy);
    if (verdict.kind === 'refuse') return { kind: 'refused', reason: verdict.reason };
    if (verdict.kind === 'wait') {
      return verdict.reason === 'no_free_slot' || verdict.reason === 'number_in_use'
        ? { kind: 'ask_again', reason: verdict.reason, afterMs: askAgainMs }
        : { kind: 'refused', reason: verdict.reason };
    }
    // A claim from before the breaker opened is no probe: the way must be found open first.
    if (verdict.probe && !claim.probe) return { kind: 'refused', reason: 'breaker_open' };
    const next = toNextDialAt(control, now);
    if (next !== null && next > now)
      return { kind: 'ask_again', reason: 'pace', afterMs: next.getTime() - now.getTime() };
    if (!(await markSent(sql, claim, now, deps))) return { kind: 'lost' };
    if (claim.attempt === 1) {
      const received = isOpen(deps.policy.window, lead.createdAt, ringWindowMs(deps.policy))
        ? 'in_window'
        : 'outside_window';
      deps.metrics.speedToLead.observe({ received }, (now.getTime() - lead.createdAt.getTime()) / 1_000);
    }
    return { kind: 'permitted', askedForCommitAt: performance.now() };
  });
}

/** Marks the dial as sent, and only then tells of it and moves the pace: one statement. False: it may not be sent any more. */
async function markSent(sql: Sql, claim: Claim, now: Date, deps: Deps): Promise<boolean> {
  const event = toOutboxRecord('dispatcher', callDialing, {
    subject: `call/${claim.callId}`,
    time: now,
    data: {
      leadId: claim.leadId,
      source: claim.source,
      room: claim.room,
      callId: claim.callId,
      attempt: claim.attempt,
    },
  });
  const sent = await row(
    sql,
    z.object({ callId: z.number() }),
    `with sent as (
       update dials set sent_at = $2
        where call_id = $1 and sent_at is null and revoked_at is null
          and claimed_at > $2::timestamptz - make_interval(secs => $3)
          and exists (select 1 from calls where id = $1 and status = 'calling')
       returning call_id),
     told as (${addRecords('dispatcher', '$4::jsonb', 'exists (select from sent)')}),
     paced as (update dial_control set next_dial_at = $5 where id = 1 and exists (select from sent))
     select call_id, pg_notify('dispatcher_outbox', '') from sent`,
    [
      claim.callId,
      now,
      claimLifeMs(deps.policy) / 1_000,
      JSON.stringify([event]),
      new Date(now.getTime() + deps.policy.paceMs),
    ],
  );
  return sent !== undefined;
}
