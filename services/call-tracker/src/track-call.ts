import { callEnded } from '@leadline/contracts/events/call-ended';
import { callFailed } from '@leadline/contracts/events/call-failed';
import { callQualified } from '@leadline/contracts/events/call-qualified';
import { callRinging } from '@leadline/contracts/events/call-ringing';
import { whyNotDialled } from '@leadline/contracts/not-dialled';
import { toRangFacts } from '@leadline/contracts/rang';
import { isEverybodys } from '@leadline/database/decide-fault';
import { lockCallsInRooms } from '@leadline/database/locks';
import { toOutboxRecord } from '@leadline/messaging/outbox';
import { boundToTrace, inSpan, inTrace } from '@leadline/tracing/span';
import { stepCall, type CallEvent, type Effect, type Step, type Summary } from './call-state.ts';
import { awaitedTakeover } from './decide-takeover.ts';
import type { Deps } from './deps.ts';
import { groupInputs, type InputGroups } from '@leadline/service-kit/group-inputs';
import { letGoOfNumbers } from './hold-numbers.ts';
import { readCalls, type KeptCall } from './keep-call.ts';
import { onlyWish, saysMoreThanWish, type AgentEvent } from './learn-report.ts';
import { lookAtLeg, stopLeg } from './look-at-livekit.ts';
import { sendAgent } from './send-agent.ts';
import { writeSteps, type SteppedCall } from './write-steps.ts';

/** An event for the call of a room. `withoutAgent`: see `readCalls`. */
type Input = { room: string; told: CallEvent; withoutAgent: boolean; step: StepOf };
/** One event's step of a call, in the event's own trace. */
type StepOf = (known: KeptCall, now: Date) => Promise<{ step: Step; records: Record<string, unknown>[] }>;
type Tracked = { kept: KeptCall; step: Step } | 'unknown';

/** Where events wait for their group. */
export type Inputs = InputGroups<Input, Tracked>;

const maxTogether = 64;
/** Nobody waits for a call's state as closely as this, and a call has nine inputs. */
const gatherMs = 100;
/** How many events go alone at one time, because their lock is taken or their group failed; each uses a connection. */
const maxAlone = 3;

/** @param around the part of `Deps` that a group needs */
export function openInputs(around: Pick<Deps, 'postgres' | 'now'>): Inputs {
  return groupInputs({
    keyOf: ({ room }) => room,
    goesAlone: ({ withoutAgent }) => withoutAgent,
    commit: (inputs) => trackGroup(inputs, around),
    meetsAll: isEverybodys,
    maxTogether,
    maxAlone,
    gatherMs,
  });
}

/**
 * Every event of a call goes through here. Events that arrive meanwhile join it in a group: one short transaction under the
 * locks of its calls, which reads, decides one by one, writes, and publishes. It returns after the commit, and asks LiveKit
 * only then. Repeats are harmless. Returns `unknown` for a room without a call.
 */
export async function trackRoom(
  room: string,
  told: CallEvent,
  deps: Deps,
  { withoutAgent } = { withoutAgent: false },
): Promise<'tracked' | 'unknown'> {
  const step: StepOf = (known, now) => stepInSpan(known, told, now, deps);
  const tracked = await deps.inputs.add({ room, told, withoutAgent, step: boundToTrace(step) });
  if (tracked === 'unknown') return 'unknown';
  const { kept, step: done } = tracked;
  inTrace(kept.traceparent, () => note(kept, done, told, deps));
  if (done.call.status !== 'calling' || done.facts.legLeftAt !== null) deps.beats.forget(room);
  for (const effect of done.effects) {
    if (effect.kind === 'look') {
      deps.background.run(`look ${kept.id}`, async () => {
        await trackRoom(room, await lookAtLeg(kept.id, room, deps, effect.agentLeft), deps);
      });
    }
    if (effect.kind === 'take_over') {
      deps.background.run(`take over ${kept.id}`, () => sendAgent(kept, effect.takeover, deps));
    }
    if (effect.kind === 'stop') deps.background.run(`stop ${kept.id}`, () => stopLeg(kept.id, room, deps));
  }
  return 'tracked';
}

function stepInSpan(known: KeptCall, told: CallEvent, now: Date, deps: Deps): ReturnType<StepOf> {
  const event = known.erased && isAgentEvent(told) ? onlyWish(told) : told;
  const attributes = { 'leadline.call_id': known.id, 'leadline.attempt': known.attempt };
  return inSpan(`track ${event.kind}`, { traceparent: known.traceparent, attributes }, async () => {
    const step = stepCall(known, event, now, deps.policy);
    const records = step.effects.map((effect) => toRecord(known, step, effect, now));
    return { step, records: records.filter((record) => record !== undefined) };
  });
}

/** One transaction; all of it or nothing. */
function trackGroup(
  inputs: readonly Input[],
  { postgres, now: shift }: Pick<Deps, 'postgres' | 'now'>,
): Promise<Tracked[]> {
  return postgres.transaction(async (sql) => {
    const rooms = [...new Set(inputs.map(({ room }) => room))];
    const withoutAgent = inputs.every((input) => input.withoutAgent);
    const [, read] = await Promise.all([lockCallsInRooms(sql, rooms), readCalls(sql, rooms, { withoutAgent })]);
    if (read === undefined) return inputs.map(() => 'unknown');
    const now = shift(read.now);
    const stepped = new Map<string, SteppedCall>();
    const records: Record<string, unknown>[] = [];
    const tracked: Tracked[] = [];
    const heardOf: number[] = [];
    for (const { room, told, step } of inputs) {
      const before = read.calls.get(room);
      if (before === undefined) {
        tracked.push('unknown');
        continue;
      }
      const { call, facts } = stepped.get(room) ?? before;
      const kept = { ...before, call, facts };
      const done = await step(kept, now);
      stepped.set(room, { before, call: done.step.call, facts: done.step.facts });
      records.push(...done.records);
      tracked.push({ kept, step: done.step });
      if (told.kind === 'agent_ended' && before.isHeld) heardOf.push(before.id);
    }
    // The locks exclude all our code, but not a person who edits the database.
    if (!(await writeSteps(sql, [...stepped.values()], records, now))) throw new RowMoved();
    if (heardOf.length > 0) await letGoOfNumbers(sql, heardOf);
    return tracked;
  });
}

const agentKinds: readonly string[] = [
  'agent_ready',
  'agent_answered_by',
  'agent_qualified',
  'agent_callback',
  'agent_ended',
];

function isAgentEvent(event: CallEvent): event is AgentEvent {
  return agentKinds.includes(event.kind);
}

/** Rolls the group back; its events are then decided again on the new rows. */
class RowMoved extends Error {
  override name = 'RowMoved';
}

/** The event to publish for an effect; undefined for a request to LiveKit, which follows the commit. */
function toRecord(
  kept: KeptCall,
  { call, facts }: Step,
  effect: Effect,
  now: Date,
): Record<string, unknown> | undefined {
  const ids = { leadId: kept.leadId, source: kept.source, room: kept.room, callId: kept.id };
  const subject = `call/${kept.id}`;
  const { attempt } = kept;
  switch (effect.kind) {
    case 'ringing':
      return toOutboxRecord('call-tracker', callRinging, {
        subject,
        time: facts.legJoinedAt ?? now,
        data: { ...ids, attempt },
      });
    case 'qualified':
      return toOutboxRecord('call-tracker', callQualified, { subject, time: now, data: { ...ids, mode: effect.mode } });
    case 'failed':
      return toOutboxRecord('call-tracker', callFailed, {
        subject,
        time: now,
        data: { ...ids, attempt, reason: effect.reason, ...notDialled(kept), ...toWire(effect.summary) },
      });
    case 'ended':
      return toOutboxRecord('call-tracker', callEnded, {
        subject,
        // A put-back ends where it began, and is told when it was put back.
        time: (kept.dial.putBackReason === null ? call.endedAt : facts.dialResult?.at) ?? now,
        data: { ...ids, attempt, reason: effect.reason, ...notDialled(kept), ...toWire(effect.summary) },
      });
    case 'look':
    case 'take_over':
    case 'stop':
      return undefined;
  }
}

/** Why no phone rang, where none can have. */
function notDialled({ dial }: KeptCall): { notDialled?: string } {
  const because = whyNotDialled(dial);
  return because === null ? {} : { notDialled: because };
}

function toWire(summary: Summary) {
  const { rang, callbackAt, ...rest } = summary;
  return { ...rest, ...toRangFacts(rang), callbackAt: callbackAt?.toISOString() ?? null };
}

function note(kept: KeptCall, step: Step, event: CallEvent, deps: Deps): void {
  const ids = { leadId: kept.leadId, callId: kept.id, attempt: kept.attempt };
  deps.metrics.inputs.inc({ kind: event.kind, outcome: 'tracked' });
  if (kept.erased && isAgentEvent(event) && saysMoreThanWish(event)) {
    deps.metrics.erasedReports.inc();
    deps.log.warn({ ...ids, by: event.kind }, 'a late report on an erased person came; we stored only a wish');
  }
  if (awaitedTakeover(kept.facts) !== null && awaitedTakeover(step.facts) === null) {
    deps.metrics.takeovers.inc({ outcome: 'came' });
    deps.log.info(ids, 'another agent has taken over the talk');
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
