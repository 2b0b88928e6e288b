import type { Sql } from '@leadline/database/sql';
import { callEnded } from '@leadline/contracts/events/call-ended';
import { callFailed } from '@leadline/contracts/events/call-failed';
import { callQualified } from '@leadline/contracts/events/call-qualified';
import { callRinging } from '@leadline/contracts/events/call-ringing';
import { databaseNow, lockCall } from '@leadline/database/locks';
import { enqueue } from '@leadline/messaging/outbox';
import { inSpan, inTrace } from '@leadline/tracing/span';
import { stepCall, type CallEvent, type Step, type Summary } from './call-state.ts';
import type { Deps } from './deps.ts';
import { findCallOfRoom, readCall, writeCall, type KeptCall } from './keep-call.ts';
import { onlyWish, saysMoreThanWish, type AgentEvent } from './learn-report.ts';
import { lookAtLeg, stopLeg } from './look-at-livekit.ts';

/**
 * Every input's way into a call: one short transaction under the call's lock, read, decide, write, tell; LiveKit is
 * asked only after its commit. Repeats are harmless, whoever sends them. Answers `unknown` for a room that is no call's.
 */
export async function trackRoom(room: string, event: CallEvent, deps: Deps): Promise<'tracked' | 'unknown'> {
  const found = await findCallOfRoom(deps.postgres.sql, room);
  return found === undefined ? 'unknown' : trackCall(found.id, event, deps);
}

/** `withoutAgent`: see `readCall`. */
export async function trackCall(
  callId: number,
  told: CallEvent,
  deps: Deps,
  { withoutAgent } = { withoutAgent: false },
): Promise<'tracked' | 'unknown'> {
  const tracked = await deps.postgres.transaction(async (sql) => {
    await lockCall(sql, callId);
    const kept = await readCall(sql, callId, { withoutAgent });
    if (kept === undefined) return undefined;
    const event = kept.erased && isAgentEvent(told) ? onlyWish(told) : told;
    const attributes = { 'leadline.call_id': callId, 'leadline.attempt': kept.attempt };
    return inSpan(`track ${event.kind}`, { traceparent: kept.traceparent, attributes }, async () => {
      const now = deps.now(await databaseNow(sql));
      const step = stepCall(kept, event, now, deps.policy);
      // The lock keeps out all who take it; a hand on the database may not.
      if (!(await writeCall(sql, kept, step, now))) throw new RowMoved();
      await tell(sql, kept, step, now);
      return { kept, step };
    });
  });
  if (tracked === undefined) return 'unknown';
  const { kept, step } = tracked;
  inTrace(kept.traceparent, () => note(kept, step, told, deps));
  for (const effect of step.effects) {
    if (effect.kind === 'look') {
      deps.background.run(`look ${callId}`, async () => {
        await trackCall(callId, await lookAtLeg(callId, kept.room, deps), deps);
      });
    }
    if (effect.kind === 'stop') deps.background.run(`stop ${callId}`, () => stopLeg(callId, kept.room, deps));
  }
  return 'tracked';
}

function isAgentEvent(event: CallEvent): event is AgentEvent {
  return event.kind === 'agent_ready' || event.kind === 'agent_qualified' || event.kind === 'agent_ended';
}

/** Rolls the step back; its message comes again and is decided on the new row. */
class RowMoved extends Error {
  override name = 'RowMoved';
}

/** Enqueues what others must know of a step; what is asked of LiveKit waits for the commit. */
async function tell(sql: Sql, kept: KeptCall, { call, facts, effects }: Step, now: Date): Promise<void> {
  const ids = { leadId: kept.leadId, source: kept.source, room: kept.room, callId: kept.id };
  const subject = `call/${kept.id}`;
  for (const effect of effects) {
    switch (effect.kind) {
      case 'ringing':
        await enqueue(sql, 'call-tracker', callRinging, {
          subject,
          time: facts.legJoinedAt ?? now,
          data: { ...ids, attempt: kept.attempt },
        });
        break;
      case 'qualified':
        await enqueue(sql, 'call-tracker', callQualified, { subject, time: now, data: { ...ids, mode: effect.mode } });
        break;
      case 'failed':
        await enqueue(sql, 'call-tracker', callFailed, {
          subject,
          time: now,
          data: { ...ids, attempt: kept.attempt, reason: effect.reason, ...toWire(effect.summary) },
        });
        break;
      case 'ended':
        await enqueue(sql, 'call-tracker', callEnded, {
          subject,
          time: call.endedAt ?? now,
          data: { ...ids, attempt: kept.attempt, reason: effect.reason, ...toWire(effect.summary) },
        });
        break;
      case 'look':
      case 'stop':
        break;
    }
  }
}

function toWire(summary: Summary) {
  return { ...summary, callbackAt: summary.callbackAt?.toISOString() ?? null };
}

function note(kept: KeptCall, step: Step, event: CallEvent, deps: Deps): void {
  const ids = { leadId: kept.leadId, callId: kept.id, attempt: kept.attempt };
  deps.metrics.inputs.inc({ kind: event.kind, outcome: 'tracked' });
  if (kept.erased && isAgentEvent(event) && saysMoreThanWish(event)) {
    deps.metrics.erasedReports.inc();
    deps.log.warn({ ...ids, by: event.kind }, 'what was said of an erased person came late; only a wish was taken');
  }
  if (kept.call.status !== step.call.status) {
    const as = step.call.failureReason ?? step.call.status;
    deps.metrics.settled.inc({ as });
    const dialled = kept.dial.sentAt !== null && kept.dial.putBackReason === null;
    if (kept.call.status === 'calling' && dialled) {
      deps.metrics.ended.inc({ answered: step.call.answeredAt === null ? 'no' : 'yes' });
    }
    deps.log.info({ ...ids, from: kept.call.status, as, by: event.kind }, 'the call is settled');
  } else if (event.kind === 'agent_qualified' && kept.call.status !== 'calling' && !kept.erased) {
    deps.metrics.lateAnswers.inc({ status: kept.call.status });
  }
}
