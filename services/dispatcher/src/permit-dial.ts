import { callDialing } from '@leadline/contracts/events/call-dialing';
import { databaseNow, lockCall, lockDialControl } from '@leadline/database/locks';
import { affected, row } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import { isOpen } from './call-window.ts';
import type { Claim } from './claim-due-leads.ts';
import { mayRing, ringWindowMs } from './decide-dial.ts';
import { claimLifeMs, type Deps } from './deps.ts';
import { loadDialFacts, readControl, readLead } from './load-dial-facts.ts';

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
  const permit = await deps.postgres
    .transaction(async (em): Promise<Permit> => {
      await lockCall(em, claim.callId);
      await lockDialControl(em);
      if (!(await deps.database.holds(em))) return { kind: 'refused', reason: 'older_database' };
      if ((await deps.reports.isHeard(em)) !== true) return { kind: 'refused', reason: 'reports_not_heard' };
      const now = deps.now(await databaseNow(em));
      const lead = await readLead(em, claim.leadId);
      if (lead === undefined) return { kind: 'refused', reason: 'lead_gone' };
      const control = await readControl(em);
      const facts = await loadDialFacts(em, { lead, control }, now, { callId: claim.callId, sentOnly: true });
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
      if (control.nextDialAt !== null && control.nextDialAt > now) {
        return { kind: 'ask_again', reason: 'pace', afterMs: control.nextDialAt.getTime() - now.getTime() };
      }
      await enqueue(em, 'dispatcher', callDialing, {
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
      await affected(em, `update dial_control set next_dial_at = $1 where id = 1`, [
        new Date(now.getTime() + deps.policy.paceMs),
      ]);
      const sent = await row(
        em,
        z.object({ callId: z.number() }),
        `update dials set sent_at = $2
        where call_id = $1 and sent_at is null and revoked_at is null
          and claimed_at > $2::timestamptz - make_interval(secs => $3)
          and exists (select 1 from calls where id = $1 and status = 'calling')
       returning call_id`,
        [claim.callId, now, claimLifeMs(deps.policy) / 1_000],
      );
      if (sent === undefined) throw new NotPermitted();
      if (claim.attempt === 1) {
        const received = isOpen(deps.policy.window, lead.createdAt, ringWindowMs(deps.policy))
          ? 'in_window'
          : 'outside_window';
        deps.metrics.speedToLead.observe({ received }, (now.getTime() - lead.createdAt.getTime()) / 1_000);
      }
      return { kind: 'permitted', askedForCommitAt: performance.now() };
    })
    .catch((error: unknown) => {
      if (error instanceof NotPermitted) return { kind: 'lost' } as const;
      throw error;
    });
  return permit;
}

/** Rolls the permit's transaction back: its event and its pace are taken back with it. */
class NotPermitted extends Error {
  override name = 'NotPermitted';
}
