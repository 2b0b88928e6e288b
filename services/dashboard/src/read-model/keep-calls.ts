import { affected, instant, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { Build } from './builds.ts';
import { toCallMinutes, type CallMinutes } from '../minutes-rule.ts';
import { diffRows } from './diff-rows.ts';
import { sumChanges } from './sum-changes.ts';

const micros = z.coerce.number().nullable();

const callFacts = z.object({
  id: z.number(),
  leadId: z.number().nullable(),
  source: z.string().nullable(),
  mode: z.string().nullable(),
  status: z.string().nullable(),
  failureReason: z.string().nullable(),
  startedAt: instant,
  durationSeconds: z.number().nullable(),
  lengthMicros: micros,
  talkMicros: micros,
  answered: z.boolean(),
  answeredBy: z.string().nullable(),
  disposition: z.string().nullable(),
});

const kept = z.object({
  callId: z.number(),
  leadId: z.number().nullable(),
  day: z.string(),
  source: z.string(),
  mode: z.string(),
  outcome: z.string(),
  answered: z.boolean(),
  countedMicros: micros,
  estimated: z.boolean(),
  talkMicros: z.coerce.number(),
  pulses: z.number(),
  answeredBy: z.string().nullable(),
  disposition: z.string().nullable(),
}) satisfies z.ZodType<CallMinutes>;

const columns = [
  'call_id',
  'lead_id',
  'day',
  'source',
  'mode',
  'outcome',
  'answered',
  'counted_micros',
  'estimated',
  'talk_micros',
  'pulses',
  'answered_by',
  'disposition',
];
const keptColumns = columns.join(', ');
const excludedColumns = columns.map((name) => `excluded.${name}`).join(', ');

/**
 * Brings the read model of these calls up to date with their rows, in each build. The difference between the old and
 * the new row changes the daily sums. May be repeated, for any calls, in any order. The caller holds the read model's
 * lock.
 * @returns the leads of these calls, now and before: their progress may have changed
 */
export async function keepCalls(sql: Sql, callIds: readonly number[], builds: readonly Build[]): Promise<number[]> {
  const leadIds = new Set<number>();
  const calls = await rows(
    sql,
    callFacts,
    `select id, lead_id, source, agent_mode as mode, status, failure_reason, call_started_at as started_at, duration_seconds,
            (extract(epoch from call_ended_at - call_started_at) * 1000000)::bigint as length_micros,
            (extract(epoch from call_ended_at - answered_at) * 1000000)::bigint as talk_micros,
            answered_at is not null as answered, f.answered_by, f.disposition
       from calls left join call_facts f on f.call_id = id where id = any($1::int[])`,
    [callIds],
  );
  for (const build of builds) {
    const before = await rows(
      sql,
      kept,
      `select call_id, lead_id, day::text, source, mode, outcome, answered, counted_micros, estimated, talk_micros, pulses, answered_by, disposition
         from call_minutes where generation = $1 and call_id = any($2::int[])`,
      [build.generation, callIds],
    );
    const after = calls.map((call) => toCallMinutes(call, build.pulseSeconds));
    const { replaced, changed, gone } = diffRows(before, after, (call) => call.callId);
    if (gone.length > 0) {
      await affected(sql, `delete from call_minutes where generation = $1 and call_id = any($2::int[])`, [
        build.generation,
        gone,
      ]);
    }
    await writeCalls(sql, build.generation, changed);
    await addToDays(sql, build.generation, replaced, changed);
    await addToReached(sql, build.generation, replaced, changed);
    for (const { leadId } of [...before, ...after]) if (leadId !== null) leadIds.add(leadId);
  }
  return [...leadIds];
}

async function writeCalls(sql: Sql, generation: number, calls: readonly CallMinutes[]): Promise<void> {
  if (calls.length === 0) return;
  await affected(
    sql,
    `insert into call_minutes (generation, ${keptColumns})
     select $1, ${keptColumns} from json_to_recordset($2::json) as fresh
       (call_id int, lead_id int, day date, source text, mode text, outcome text, answered boolean,
        counted_micros bigint, estimated boolean, talk_micros bigint, pulses int, answered_by text, disposition text)
     on conflict (generation, call_id) do update set (${keptColumns}) = (${excludedColumns})`,
    [
      generation,
      JSON.stringify(
        calls.map((call) => ({
          call_id: call.callId,
          lead_id: call.leadId,
          day: call.day,
          source: call.source,
          mode: call.mode,
          outcome: call.outcome,
          answered: call.answered,
          counted_micros: call.countedMicros,
          estimated: call.estimated,
          talk_micros: call.talkMicros,
          pulses: call.pulses,
          answered_by: call.answeredBy,
          disposition: call.disposition,
        })),
      ),
    ],
  );
}

async function addToDays(
  sql: Sql,
  generation: number,
  before: readonly CallMinutes[],
  after: readonly CallMinutes[],
): Promise<void> {
  const changes = sumChanges(before, after, (call) => ({
    key: { day: call.day, source: call.source, mode: call.mode, outcome: call.outcome },
    amounts: {
      calls: 1,
      answered: call.answered ? 1 : 0,
      counted_micros: call.countedMicros ?? 0,
      estimated_calls: call.estimated ? 1 : 0,
      talk_micros: call.talkMicros,
      pulses: call.pulses,
    },
  }));
  if (changes.length === 0) return;
  await affected(
    sql,
    `insert into minutes_daily as daily
       (generation, day, source, mode, outcome, calls, answered, counted_micros, estimated_calls, talk_micros, pulses)
     select $1, * from json_to_recordset($2::json) as change
       (day date, source text, mode text, outcome text, calls bigint, answered bigint, counted_micros numeric,
        estimated_calls bigint, talk_micros numeric, pulses bigint)
     on conflict (generation, day, source, mode, outcome) do update set
       calls = daily.calls + excluded.calls, answered = daily.answered + excluded.answered,
       counted_micros = daily.counted_micros + excluded.counted_micros,
       estimated_calls = daily.estimated_calls + excluded.estimated_calls,
       talk_micros = daily.talk_micros + excluded.talk_micros, pulses = daily.pulses + excluded.pulses`,
    [generation, JSON.stringify(changes)],
  );
}

/** Only finished calls of which an agent told something: nobody pays for the others. */
async function addToReached(
  sql: Sql,
  generation: number,
  before: readonly CallMinutes[],
  after: readonly CallMinutes[],
): Promise<void> {
  const told = (calls: readonly CallMinutes[]): CallMinutes[] =>
    calls.filter(
      ({ outcome, answeredBy, disposition }) =>
        outcome !== 'calling' && outcome !== 'unknown' && (answeredBy !== null || disposition !== null),
    );
  const changes = sumChanges(told(before), told(after), (call) => ({
    key: {
      day: call.day,
      source: call.source,
      answered_by: call.answeredBy ?? '',
      disposition: call.disposition ?? '',
    },
    amounts: {
      calls: 1,
      answered: call.answered ? 1 : 0,
      counted_micros: call.countedMicros ?? 0,
      talk_micros: call.talkMicros,
      pulses: call.pulses,
    },
  }));
  if (changes.length === 0) return;
  await affected(
    sql,
    `insert into reached_daily as daily
       (generation, day, source, answered_by, disposition, calls, answered, counted_micros, talk_micros, pulses)
     select $1, * from json_to_recordset($2::json) as change
       (day date, source text, answered_by text, disposition text, calls bigint, answered bigint, counted_micros numeric,
        talk_micros numeric, pulses bigint)
     on conflict (generation, day, source, answered_by, disposition) do update set
       calls = daily.calls + excluded.calls, answered = daily.answered + excluded.answered,
       counted_micros = daily.counted_micros + excluded.counted_micros,
       talk_micros = daily.talk_micros + excluded.talk_micros, pulses = daily.pulses + excluded.pulses`,
    [generation, JSON.stringify(changes)],
  );
}
