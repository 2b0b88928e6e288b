import { answeredByCategories } from '@leadline/contracts/answered-by';
import { dispositions } from '@leadline/contracts/disposition';
import {
  callbackAskers,
  callbackKeepers,
  callbackPrecisions,
} from '@leadline/contracts/events/agent-callback-requested';
import { failureReasons } from '@leadline/contracts/failure-reason';
import { ofOurDays } from '@leadline/contracts/outside-time';
import { modeName } from '@leadline/contracts/mode';
import { fromRangFacts, rangFacts } from '@leadline/contracts/rang';
import { callStatuses } from '@leadline/contracts/statuses';
import { instant, rows, type Sql } from '@leadline/database/sql';
import { erasedValue } from '@leadline/messaging/erased-value';
import { z } from 'zod';
import { noFacts, type Facts, type Known, type LastTold } from './call-facts.ts';

/** One of our calls, read from its rows. */
export type KeptCall = Known & {
  id: number;
  leadId: number | null;
  source: string | null;
  room: string;
  attempt: number;
  /** The person was erased: from now on we store nothing that was said, except a wish never to be called. */
  erased: boolean;
  /** The agent's facts were left out: they are neither read nor written. */
  withoutAgent: boolean;
  /** The agent's last report failed and holds the call's number, without a dead letter. */
  isHeld: boolean;
  /** The attempt's span, where it is traced. */
  traceparent: string | null;
};

const time = instant.nullable();
/** A time by the agent's clock; an impossible time counts as none. */
const agentTime = time.transform((at) => at && ofOurDays(at));
/** If somebody edited this column by hand, the call still goes on. */
const answers = z
  .record(z.string(), z.unknown())
  .transform((found) =>
    Object.fromEntries(
      Object.entries(found).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  )
  .nullable()
  .catch(null);
/** Our own JSON columns: times in them are ISO text. */
const jsonTime = z.iso.datetime().transform((text) => new Date(text));

const dialResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), at: jsonTime }),
  z
    .object({
      kind: z.literal('failed'),
      at: jsonTime,
      reason: failureReasons,
      sipStatus: z.number().nullable(),
      ...rangFacts,
      numberFree: z.boolean(),
    })
    .transform(({ rang, rangProbably, ...failed }) => ({ ...failed, rang: fromRangFacts({ rang, rangProbably }) })),
]);

const watch = z.object({
  lookedAt: jsonTime.nullable(),
  seen: z.enum(['talking', 'alone', 'ringing', 'gone', 'unknown']).nullable(),
  goneSince: jsonTime.nullable(),
  aloneSince: jsonTime.nullable(),
  rejoinedAt: jsonTime.nullable(),
  replacedAt: jsonTime.nullish(),
  stays: z.array(z.string()).optional(),
  ringingAt: jsonTime.nullish(),
  answerSeenAt: jsonTime.nullish(),
  answerEstimated: z.boolean().optional(),
});

const takeover = z.object({ at: jsonTime, lostAt: jsonTime, cameAt: jsonTime.nullable() });

const saidCallback = z.object({
  words: z.string().nullable(),
  at: jsonTime.nullable(),
  precision: callbackPrecisions,
  confirmed: z.boolean(),
  askedBy: callbackAskers,
  keptBy: callbackKeepers,
  saidAt: jsonTime,
});
const lastWord = z.object({ callbackAt: jsonTime.nullable(), callbackWords: z.string().nullable(), saidAt: jsonTime });
const callbackRequest = saidCallback.extend({
  said: z.object({ request: saidCallback.nullable(), lastWord: lastWord.nullable() }).optional(),
});

const kept = z.object({
  now: instant,
  id: z.number(),
  leadId: z.number().nullable(),
  source: z.string().nullable(),
  callRoom: z.string(),
  attempt: z.number(),
  status: callStatuses,
  failureReason: failureReasons.nullable().catch(null),
  qualification: answers,
  agentMode: modeName.nullable().catch(null),
  callStartedAt: instant,
  answeredAt: time,
  callEndedAt: time,
  durationSeconds: z.number().nullable(),
  sipStatus: z.number().nullable(),
  doNotCall: z.boolean().nullable(),
  sentAt: time,
  revokedAt: time,
  putBackReason: z.string().nullable(),
  traceparent: z.string().nullable(),
  factsCallId: z.number().nullable(),
  legJoinedAt: time,
  legLeftAt: time,
  legLeftReason: z.string().nullable(),
  legLeftStatus: z.string().nullable(),
  everAnswered: z.boolean().nullable(),
  dialResult: dialResult.nullable(),
  agentReadyAt: time,
  agentEndedAt: time,
  endedBy: z.string().nullable(),
  callbackAt: agentTime,
  callbackWords: z.string().nullable(),
  callbackRequest: callbackRequest.nullable().catch(null),
  callbackHeardAt: time,
  answerTimes: z.record(z.string(), z.string()).nullable().catch(null),
  answeredBy: answeredByCategories.nullable().catch(null),
  answeredByAt: agentTime,
  answeredAfterMs: z.number().nullable(),
  answeredDetail: z.string().nullable(),
  messageLeft: z.boolean().nullable(),
  disposition: dispositions.nullable().catch(null),
  dispositionAt: agentTime,
  language: z.string().nullable(),
  languageAt: agentTime,
  doNotCallAt: time,
  doNotCallSaidAt: agentTime,
  unreadFields: z.record(z.string(), z.array(z.string())).nullable().catch(null),
  erased: z.boolean(),
  isHeld: z.boolean(),
  takeovers: z.array(takeover).nullable(),
  stoppedAt: time,
  lastLook: watch.nullable(),
  settleAt: time,
  numberFreeAt: time,
  slotFreeAt: time,
});

/** The facts that come only from agents. */
export const agentColumns: readonly string[] = [
  'ended_by',
  'callback_at',
  'callback_words',
  'callback_request',
  'callback_heard_at',
  'answer_times',
  'answered_by',
  'answered_by_at',
  'answered_after_ms',
  'answered_detail',
  'message_left',
  'disposition',
  'disposition_at',
  'language',
  'language_at',
  'do_not_call_at',
  'do_not_call_said_at',
  'unread_fields',
];
const someAnswers = `case when c.qualification not in ('{}', 'null') then '{"some": "answers"}'::jsonb end`;

/** Our calls by room, the only name they have outside, and the database's time when they were read. */
export type ReadCalls = { now: Date; calls: Map<string, KeptCall> } | undefined;

/**
 * Undefined if none of the rooms is one of our calls; calls of the old program do not count. `withoutAgent` leaves out what
 * the agent said, except whether there are answers: for a call whose step fails again and again, so that a report cannot
 * keep it from ending.
 */
export async function readCalls(
  sql: Sql,
  rooms: readonly string[],
  { withoutAgent }: { withoutAgent: boolean },
): Promise<ReadCalls> {
  const found = await rows(
    sql,
    kept,
    `select clock_timestamp() as now, c.id, c.lead_id, c.source, c.call_room, c.attempt, c.status, c.failure_reason,
            ${withoutAgent ? someAnswers : 'c.qualification'} as qualification,
            c.agent_mode, c.call_started_at, c.answered_at, c.call_ended_at, c.duration_seconds, c.sip_status,
            c.do_not_call, d.sent_at, d.revoked_at, d.put_back_reason, d.traceparent, f.call_id as facts_call_id, f.leg_joined_at,
            f.leg_left_at, f.leg_left_reason, f.leg_left_status, f.ever_answered, f.dial_result, f.agent_ready_at,
            f.agent_ended_at, ${agentColumns.map((column) => (withoutAgent ? `null as ${column}` : `f.${column}`)).join(', ')},
            f.takeovers, f.stopped_at, f.last_look, f.settle_at, f.number_free_at, f.slot_free_at,
            c.phone = $2 or f.erased_at is not null as erased,
            f.report_held_at is not null and f.report_held_seq is null as is_held
       from calls c join dials d on d.call_id = c.id left join call_facts f on f.call_id = c.id
      where c.call_room = any($1::text[]) and c.attempt is not null
      order by c.id`,
    [rooms, erasedValue],
  );
  const [first] = found;
  if (first === undefined) return undefined;
  return { now: first.now, calls: new Map(found.map((one) => [one.callRoom, toKeptCall(one, withoutAgent)])) };
}

function toKeptCall(found: z.output<typeof kept>, withoutAgent: boolean): KeptCall {
  return {
    id: found.id,
    leadId: found.leadId,
    source: found.source,
    room: found.callRoom,
    attempt: found.attempt,
    traceparent: found.traceparent,
    erased: found.erased,
    withoutAgent,
    isHeld: found.isHeld,
    call: {
      status: found.status,
      failureReason: found.failureReason,
      answers: found.qualification ?? {},
      mode: found.agentMode,
      startedAt: found.callStartedAt,
      answeredAt: found.answeredAt,
      endedAt: found.callEndedAt,
      durationSeconds: found.durationSeconds,
      sipStatus: found.sipStatus,
      doNotCall: found.doNotCall ?? false,
    },
    dial: { sentAt: found.sentAt, revokedAt: found.revokedAt, putBackReason: found.putBackReason },
    facts:
      found.factsCallId === null
        ? noFacts
        : {
            legJoinedAt: found.legJoinedAt,
            legLeftAt: found.legLeftAt,
            legLeftReason: found.legLeftReason,
            legLeftStatus: found.legLeftStatus,
            everAnswered: found.everAnswered ?? false,
            dialResult: found.dialResult,
            agentReadyAt: found.agentReadyAt,
            agentEndedAt: found.agentEndedAt,
            endedBy: found.endedBy,
            callbackAt: found.callbackAt,
            callbackWords: found.callbackWords,
            callback: found.callbackRequest,
            callbackHeardAt: found.callbackHeardAt,
            answerTimes: found.answerTimes ?? {},
            answerer: toAnswerer(found),
            messageLeft: found.messageLeft ?? false,
            disposition: toLastTold(found.disposition, found.dispositionAt),
            // A version that kept no time of its own for the language wrote the disposition's.
            language: toLastTold(found.language, found.languageAt ?? found.dispositionAt),
            doNotCallAt: found.doNotCallAt,
            doNotCallSaidAt: found.doNotCallSaidAt,
            unreadFields: found.unreadFields ?? {},
            takeovers: found.takeovers ?? [],
            stoppedAt: found.stoppedAt,
            watch: found.lastLook ?? noFacts.watch,
            settleAt: found.settleAt,
            numberFreeAt: found.numberFreeAt,
            slotFreeAt: found.slotFreeAt,
          },
  };
}

function toAnswerer(found: z.output<typeof kept>): Facts['answerer'] {
  const { answeredBy: category, answeredByAt: at, answeredAfterMs: afterMs, answeredDetail: detail } = found;
  return category === null || at === null ? null : { category, at, afterMs, detail };
}

function toLastTold<T>(value: T | null, at: Date | null): LastTold<T> | null {
  return value === null || at === null ? null : { value, at };
}
