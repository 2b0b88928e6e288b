import { toRangFacts } from '@leadline/contracts/rang';
import { row, type Sql } from '@leadline/database/sql';
import { addRecords, outboxTable } from '@leadline/messaging/outbox';
import { z } from 'zod';
import type { Call, Facts } from './call-facts.ts';
import { agentColumns, type KeptCall } from './keep-call.ts';

/** A call as it was read, and after a group's steps. */
export type SteppedCall = { before: KeptCall; call: Call; facts: Facts };

/**
 * Writes changed calls and their events in one statement, if each call's status is still the one that was read. Returns
 * false if one has changed: then somebody else was faster, and the group must decide again.
 * @param records events of calls, by `toOutboxRecord`
 */
export async function writeSteps(
  sql: Sql,
  steps: readonly SteppedCall[],
  records: readonly Record<string, unknown>[],
  now: Date,
): Promise<boolean> {
  const calls = steps.filter(({ before, call }) => JSON.stringify(call) !== JSON.stringify(before.call));
  const facts = steps.filter((step) => JSON.stringify(step.facts) !== JSON.stringify(step.before.facts));
  if (calls.length + facts.length + records.length === 0) return true;
  const withoutAgent = steps.some(({ before }) => before.withoutAgent);
  const found = await row(sql, z.object({ written: z.number() }), withoutAgent ? writeWithoutAgent : writeAll, [
    calls.map(({ before }) => before.id),
    JSON.stringify(calls.map(toCallColumns)),
    JSON.stringify(facts.map(toFactColumns)),
    JSON.stringify(records),
    now,
  ]);
  return found?.written === calls.length;
}

/** The columns, with the types that Postgres needs to read them from JSON. */
const callColumns = {
  id: 'int',
  was: 'text',
  status: 'text',
  failure_reason: 'text',
  qualification: 'jsonb',
  agent_mode: 'text',
  answered_at: 'timestamptz',
  call_ended_at: 'timestamptz',
  duration_seconds: 'int',
  sip_status: 'int',
  do_not_call: 'boolean',
} as const;

const factColumns = {
  leg_joined_at: 'timestamptz',
  leg_left_at: 'timestamptz',
  leg_left_reason: 'text',
  leg_left_status: 'text',
  ever_answered: 'boolean',
  dial_result: 'jsonb',
  agent_ready_at: 'timestamptz',
  agent_ended_at: 'timestamptz',
  ended_by: 'text',
  callback_at: 'timestamptz',
  callback_words: 'text',
  callback_request: 'jsonb',
  callback_heard_at: 'timestamptz',
  answer_times: 'jsonb',
  answered_by: 'text',
  answered_by_at: 'timestamptz',
  answered_after_ms: 'int',
  answered_detail: 'text',
  message_left: 'boolean',
  disposition: 'text',
  disposition_at: 'timestamptz',
  language: 'text',
  language_at: 'timestamptz',
  do_not_call_at: 'timestamptz',
  do_not_call_said_at: 'timestamptz',
  unread_fields: 'jsonb',
  takeovers: 'jsonb',
  stopped_at: 'timestamptz',
  last_look: 'jsonb',
  settle_at: 'timestamptz',
  number_free_at: 'timestamptz',
  slot_free_at: 'timestamptz',
} as const;

const writeAll = writeText(Object.keys(factColumns));
const writeWithoutAgent = writeText(Object.keys(factColumns).filter((name) => !agentColumns.includes(name)));

/** The ids are a parameter of their own too, so that every plan finds the calls by id. */
function writeText(facts: readonly string[]): string {
  const names = facts.join(', ');
  return `
    with moved as (
      update calls c
         set status = g.status, failure_reason = g.failure_reason, qualification = coalesce(g.qualification, c.qualification),
             agent_mode = g.agent_mode, answered_at = g.answered_at, call_ended_at = g.call_ended_at,
             duration_seconds = g.duration_seconds, sip_status = g.sip_status, do_not_call = g.do_not_call, updated_at = $5
        from jsonb_to_recordset($2::jsonb) as g(${typed(callColumns)})
       where c.id = any($1::int[]) and c.id = g.id and c.status = g.was
       returning c.id),
    learnt as (
      insert into call_facts (call_id, ${names})
      select g.call_id, ${facts.map((name) => `g.${name}`).join(', ')}
        from jsonb_to_recordset($3::jsonb) as g(call_id int, ${typed(factColumns)})
          on conflict (call_id) do update set (${names}) = (${facts.map((name) => `excluded.${name}`).join(', ')})),
    told as (${addRecords('call-tracker', '$4::jsonb', 'true')} returning id)
    select (select count(*)::int from moved) as written,
           (select pg_notify('${outboxTable('call-tracker')}', '')::text from told limit 1) as notified`;
}

function typed(columns: Record<string, string>): string {
  return Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ');
}

function toCallColumns({ before, call }: SteppedCall): Record<keyof typeof callColumns, unknown> {
  // If the stored answers cannot be read, they stay as they are.
  const isRead = !before.withoutAgent && Object.keys({ ...before.call.answers, ...call.answers }).length > 0;
  return {
    id: before.id,
    was: before.call.status,
    status: call.status,
    failure_reason: call.failureReason,
    qualification: isRead ? call.answers : null,
    agent_mode: call.mode,
    answered_at: call.answeredAt,
    call_ended_at: call.endedAt,
    duration_seconds: call.durationSeconds,
    sip_status: call.sipStatus,
    do_not_call: call.doNotCall ? true : null,
  };
}

function toFactColumns({ before, facts }: SteppedCall): Record<keyof typeof factColumns | 'call_id', unknown> {
  return {
    call_id: before.id,
    leg_joined_at: facts.legJoinedAt,
    leg_left_at: facts.legLeftAt,
    leg_left_reason: facts.legLeftReason,
    leg_left_status: facts.legLeftStatus,
    ever_answered: facts.everAnswered,
    dial_result: toDialResultColumn(facts.dialResult),
    agent_ready_at: facts.agentReadyAt,
    agent_ended_at: facts.agentEndedAt,
    ended_by: facts.endedBy,
    callback_at: facts.callbackAt,
    callback_words: facts.callbackWords,
    callback_request: facts.callback,
    callback_heard_at: facts.callbackHeardAt,
    answer_times: facts.answerTimes,
    answered_by: facts.answerer?.category ?? null,
    answered_by_at: facts.answerer?.at ?? null,
    answered_after_ms: facts.answerer?.afterMs ?? null,
    answered_detail: facts.answerer?.detail ?? null,
    message_left: facts.messageLeft ? true : null,
    disposition: facts.disposition?.value ?? null,
    disposition_at: facts.disposition?.at ?? null,
    language: facts.language?.value ?? null,
    language_at: facts.language?.at ?? null,
    do_not_call_at: facts.doNotCallAt,
    do_not_call_said_at: facts.doNotCallSaidAt,
    unread_fields: Object.keys(facts.unreadFields).length === 0 ? null : facts.unreadFields,
    takeovers: facts.takeovers.length === 0 ? null : facts.takeovers,
    stopped_at: facts.stoppedAt,
    last_look: facts.watch,
    settle_at: facts.settleAt,
    number_free_at: facts.numberFreeAt,
    slot_free_at: facts.slotFreeAt,
  };
}

function toDialResultColumn(result: Facts['dialResult']): unknown {
  return result?.kind === 'failed' ? { ...result, ...toRangFacts(result.rang) } : result;
}
