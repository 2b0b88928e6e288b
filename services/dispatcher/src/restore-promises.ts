import { leadCallbackClosed } from '@leadline/contracts/events/lead-callback-closed';
import { leadCallbackMoved } from '@leadline/contracts/events/lead-callback-moved';
import { leadCallbackPromised } from '@leadline/contracts/events/lead-callback-promised';
import { callbackPrecisions } from '@leadline/contracts/events/agent-callback-requested';
import type { Sql } from '@leadline/database/sql';
import type { SaidEvent } from '@leadline/messaging/reconcile';
import type { Deps } from './deps.ts';
import { addCallback, beforeRestore, closePromise, dueForPromise, readPromise } from './keep-promises.ts';
import { isDoNotCall } from './number-rules.ts';
import { lockLead } from './read-lead.ts';

/** The streams' facts about one lead's newest promise: its time, whether it is over, and whether we called for it. */
type Known = { at: Date; dueAt: Date; precision: string; callId: number | null; saidAt: Date; isOver: boolean };

/**
 * After a restore, brings promises up to date from the streams: a promise that was kept, missed or cancelled since the
 * backup is over, and one that was made since is made again, without its words. Call this after the leads that were dialled
 * since have been failed: a buyer with a promise later than that dial is then still called.
 */
export async function restorePromises(sql: Sql, events: readonly SaidEvent[], now: Date, deps: Deps): Promise<void> {
  const known = toKnown(events, deps.policy.promiseToleranceMs);
  const leadIds = new Set(events.flatMap(({ about }) => about.leadId ?? []));
  for (const leadId of [...leadIds].toSorted((a, b) => a - b)) {
    const lead = await lockLead(sql, leadId);
    const told = known.get(leadId);
    const dialledAt = events.findLast((event) => event.type === 'call.dialing' && event.about.leadId === leadId)?.time;
    if (lead === undefined || (told !== undefined && lead.createdAt > told.saidAt)) continue;
    if (lead.promise !== null) {
      const { promise } = lead;
      const isRung =
        dialledAt !== undefined && dialledAt.getTime() >= promise.dueAt.getTime() - deps.policy.promiseToleranceMs;
      const stands = told === undefined || (!told.isOver && told.at.getTime() === promise.at.getTime());
      if (!isRung && stands) continue;
      await closePromise(sql, { lead, promise }, { state: 'cancelled', why: beforeRestore }, now);
    }
    if (told === undefined) continue;
    const isOver = told.isOver || (await isDoNotCall(sql, lead.phone));
    // We keep promises that are over too, because their request may arrive again.
    await addCallback(
      sql,
      {
        leadId,
        callId: told.callId,
        words: null,
        at: told.at,
        dueAt: told.dueAt,
        precision: callbackPrecisions.catch('exact').parse(told.precision),
        confirmed: false,
        askedBy: 'buyer',
        keptBy: 'agent',
        saidAt: told.saidAt,
        heardAt: null,
        state: isOver ? 'cancelled' : 'waiting',
        why: beforeRestore,
      },
      now,
    );
    const promise = isOver ? null : await readPromise(sql, leadId);
    if (promise !== null) await dueForPromise(sql, { lead: { ...lead, promise }, promise }, null, now, deps);
  }
}

function toKnown(events: readonly SaidEvent[], toleranceMs: number): Map<number, Known> {
  const known = new Map<number, Known>();
  for (const { type, about, time, data } of events) {
    const { leadId } = about;
    if (leadId === null) continue;
    const before = known.get(leadId);
    if (type === leadCallbackPromised.type) {
      const told = leadCallbackPromised.schema.safeParse(data);
      if (!told.success || told.data.keptBy !== 'agent') continue;
      const { at, dueAt, precision, callId } = told.data;
      known.set(leadId, { at: new Date(at), dueAt: new Date(dueAt), precision, callId, saidAt: time, isOver: false });
    } else if (before !== undefined && type === leadCallbackMoved.type) {
      const told = leadCallbackMoved.schema.safeParse(data);
      if (told.success) known.set(leadId, { ...before, dueAt: new Date(told.data.to) });
    } else if (before !== undefined && type === leadCallbackClosed.type) known.set(leadId, { ...before, isOver: true });
    else if (before !== undefined && type === 'call.dialing' && time.getTime() >= before.dueAt.getTime() - toleranceMs)
      known.set(leadId, { ...before, isOver: true });
  }
  return known;
}
