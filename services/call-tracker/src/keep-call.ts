import { failureReasons } from '@leadline/contracts/failure-reason';
import { agentModes } from '@leadline/contracts/qualification';
import { callStatuses } from '@leadline/contracts/statuses';
import { affected, instant, row } from '@leadline/database/sql';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { noFacts, type Call, type Dial, type Facts } from './call-facts.ts';

/** A call of ours as its rows tell it. */
export type KeptCall = {
  id: number;
  leadId: number | null;
  source: string | null;
  room: string;
  attempt: number;
  call: Call;
  facts: Facts;
  dial: Dial;
  /** The attempt's span, where it is traced. */
  traceparent: string | null;
};

const time = instant.nullable();
/** Our own JSON columns: times in them are ISO text. */
const jsonTime = z.iso.datetime().transform((text) => new Date(text));

const dialResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), at: jsonTime }),
  z.object({
    kind: z.literal('failed'),
    at: jsonTime,
    reason: failureReasons,
    sipStatus: z.number().nullable(),
    rang: z.enum(['yes', 'no', 'unknown']),
    numberFree: z.boolean(),
  }),
]);

const watch = z.object({
  lookedAt: jsonTime.nullable(),
  seen: z.enum(['talking', 'alone', 'ringing', 'gone', 'unknown']).nullable(),
  goneSince: jsonTime.nullable(),
  aloneSince: jsonTime.nullable(),
  rejoinedAt: jsonTime.nullable(),
});

const kept = z.object({
  id: z.number(),
  lead_id: z.number().nullable(),
  source: z.string().nullable(),
  call_room: z.string(),
  attempt: z.number(),
  status: callStatuses,
  failure_reason: failureReasons.nullable().catch(null),
  qualification: z.record(z.string(), z.coerce.string()).nullable(),
  agent_mode: agentModes.nullable().catch(null),
  call_started_at: instant,
  answered_at: time,
  call_ended_at: time,
  duration_seconds: z.number().nullable(),
  sip_status: z.number().nullable(),
  do_not_call: z.boolean().nullable(),
  sent_at: time,
  revoked_at: time,
  put_back_reason: z.string().nullable(),
  traceparent: z.string().nullable(),
  facts_call_id: z.number().nullable(),
  leg_joined_at: time,
  leg_left_at: time,
  leg_left_reason: z.string().nullable(),
  leg_left_status: z.string().nullable(),
  ever_answered: z.boolean().nullable(),
  dial_result: dialResult.nullable(),
  agent_ready_at: time,
  agent_ended_at: time,
  ended_by: z.string().nullable(),
  callback_at: time,
  answer_times: z.record(z.string(), z.string()).nullable(),
  stopped_at: time,
  last_look: watch.nullable(),
  settle_at: time,
  number_free_at: time,
  slot_free_at: time,
});

/** A call of ours by its room, its only name outside; undefined for any other room, the old program's too. */
export function findCallOfRoom(em: EntityManager, room: string): Promise<{ id: number } | undefined> {
  return row(
    em,
    z.object({ id: z.number() }),
    `select id from calls where call_room = $1 and attempt is not null order by id desc limit 1`,
    [room],
  );
}

export async function readCall(em: EntityManager, callId: number): Promise<KeptCall | undefined> {
  const found = await row(
    em,
    kept,
    `select c.id, c.lead_id, c.source, c.call_room, c.attempt, c.status, c.failure_reason, c.qualification,
            c.agent_mode, c.call_started_at, c.answered_at, c.call_ended_at, c.duration_seconds, c.sip_status,
            c.do_not_call, d.sent_at, d.revoked_at, d.put_back_reason, d.traceparent, f.call_id as facts_call_id, f.leg_joined_at,
            f.leg_left_at, f.leg_left_reason, f.leg_left_status, f.ever_answered, f.dial_result, f.agent_ready_at,
            f.agent_ended_at, f.ended_by, f.callback_at, f.answer_times, f.stopped_at, f.last_look, f.settle_at,
            f.number_free_at, f.slot_free_at
       from calls c join dials d on d.call_id = c.id left join call_facts f on f.call_id = c.id
      where c.id = $1 and c.attempt is not null`,
    [callId],
  );
  if (found === undefined) return undefined;
  return {
    id: found.id,
    leadId: found.lead_id,
    source: found.source,
    room: found.call_room,
    attempt: found.attempt,
    traceparent: found.traceparent,
    call: {
      status: found.status,
      failureReason: found.failure_reason,
      answers: found.qualification ?? {},
      mode: found.agent_mode,
      startedAt: found.call_started_at,
      answeredAt: found.answered_at,
      endedAt: found.call_ended_at,
      durationSeconds: found.duration_seconds,
      sipStatus: found.sip_status,
      doNotCall: found.do_not_call ?? false,
    },
    dial: { sentAt: found.sent_at, revokedAt: found.revoked_at, putBackReason: found.put_back_reason },
    facts:
      found.facts_call_id === null
        ? noFacts
        : {
            legJoinedAt: found.leg_joined_at,
            legLeftAt: found.leg_left_at,
            legLeftReason: found.leg_left_reason,
            legLeftStatus: found.leg_left_status,
            everAnswered: found.ever_answered ?? false,
            dialResult: found.dial_result,
            agentReadyAt: found.agent_ready_at,
            agentEndedAt: found.agent_ended_at,
            endedBy: found.ended_by,
            callbackAt: found.callback_at,
            answerTimes: found.answer_times ?? {},
            stoppedAt: found.stopped_at,
            watch: found.last_look ?? noFacts.watch,
            settleAt: found.settle_at,
            numberFreeAt: found.number_free_at,
            slotFreeAt: found.slot_free_at,
          },
  };
}

/**
 * Writes what has changed, the call only where its status is still the one that was read. Answers false when it was
 * not: somebody else was faster, and the event must be decided again on the new row.
 */
export async function writeCall(
  em: EntityManager,
  before: KeptCall,
  call: Call,
  facts: Facts,
  now: Date,
): Promise<boolean> {
  if (JSON.stringify(call) !== JSON.stringify(before.call)) {
    const written = await affected(
      em,
      `update calls set status = $3, failure_reason = $4, qualification = $5::jsonb, agent_mode = $6, answered_at = $7,
              call_ended_at = $8, duration_seconds = $9, sip_status = $10, do_not_call = $11, updated_at = $12
        where id = $1 and status = $2`,
      [
        before.id,
        before.call.status,
        call.status,
        call.failureReason,
        Object.keys(call.answers).length === 0 ? null : JSON.stringify(call.answers),
        call.mode,
        call.answeredAt,
        call.endedAt,
        call.durationSeconds,
        call.sipStatus,
        call.doNotCall ? true : null,
        now,
      ],
    );
    if (written === 0) return false;
  }
  if (JSON.stringify(facts) !== JSON.stringify(before.facts)) await writeFacts(em, before.id, facts);
  return true;
}

async function writeFacts(em: EntityManager, callId: number, facts: Facts): Promise<void> {
  await affected(
    em,
    `insert into call_facts (call_id, leg_joined_at, leg_left_at, leg_left_reason, leg_left_status, ever_answered,
                             dial_result, agent_ready_at, agent_ended_at, ended_by, callback_at, answer_times,
                             stopped_at, last_look, settle_at, number_free_at, slot_free_at)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12::jsonb, $13, $14::jsonb, $15, $16, $17)
     on conflict (call_id) do update set
       (leg_joined_at, leg_left_at, leg_left_reason, leg_left_status, ever_answered, dial_result, agent_ready_at,
        agent_ended_at, ended_by, callback_at, answer_times, stopped_at, last_look, settle_at, number_free_at,
        slot_free_at)
       = (excluded.leg_joined_at, excluded.leg_left_at, excluded.leg_left_reason, excluded.leg_left_status,
          excluded.ever_answered, excluded.dial_result, excluded.agent_ready_at, excluded.agent_ended_at,
          excluded.ended_by, excluded.callback_at, excluded.answer_times, excluded.stopped_at, excluded.last_look,
          excluded.settle_at, excluded.number_free_at, excluded.slot_free_at)`,
    [
      callId,
      facts.legJoinedAt,
      facts.legLeftAt,
      facts.legLeftReason,
      facts.legLeftStatus,
      facts.everAnswered,
      facts.dialResult === null ? null : JSON.stringify(facts.dialResult),
      facts.agentReadyAt,
      facts.agentEndedAt,
      facts.endedBy,
      facts.callbackAt,
      JSON.stringify(facts.answerTimes),
      facts.stoppedAt,
      JSON.stringify(facts.watch),
      facts.settleAt,
      facts.numberFreeAt,
      facts.slotFreeAt,
    ],
  );
}
