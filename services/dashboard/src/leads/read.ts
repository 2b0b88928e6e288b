import type { BodyOf } from '@leadline/contracts/command';
import { explain } from '@leadline/contracts/commands/lead';
import { receipts } from '@leadline/contracts/commands/receipts';
import { instant, row, rows } from '@leadline/database/sql';
import { ask } from '@leadline/messaging/ask';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { EventLine } from '../live/live-events.ts';
import { readNewest } from '../live/live-events.ts';
import { readCallbacksOf, type Callback } from './callbacks.ts';
import { toTimeline } from './to-timeline.ts';

const lead = z
  .object({
    id: z.number(),
    name: z.string().nullable(),
    phone: z.string(),
    source: z.string().nullable(),
    email: z.string().nullable(),
    productName: z.string().nullable(),
    city: z.string().nullable(),
    state: z.string().nullable(),
    message: z.string().nullable(),
    status: z.string().nullable(),
    retryAfter: instant.nullable(),
    retryCount: z.number().nullable(),
    failureReason: z.string().nullable(),
    createdAt: instant,
    waitsBecause: z.string().nullable(),
    waitsUntil: instant.nullable(),
  })
  .transform(({ city, state, waitsBecause, waitsUntil, ...found }) => ({
    ...found,
    source: found.source ?? 'unknown',
    status: found.status ?? 'unknown',
    retryCount: found.retryCount ?? 0,
    place: [city, state].filter((part) => part !== null && part !== '').join(', '),
    wait: waitsBecause === null ? undefined : { reason: waitsBecause, until: waitsUntil },
  }));
type Lead = z.output<typeof lead>;

const attempt = z
  .object({
    callId: z.number(),
    attempt: z.number().nullable(),
    status: z.string().nullable(),
    failureReason: z.string().nullable(),
    sipStatus: z.number().nullable(),
    mode: z.string().nullable(),
    modeVersion: z.string().nullable(),
    startedAt: instant,
    sentAt: instant.nullable(),
    revokedAt: instant.nullable(),
    putBackReason: z.string().nullable(),
    answeredAt: instant.nullable(),
    answerEstimated: z.boolean(),
    endedAt: instant.nullable(),
    durationSeconds: z.number().nullable(),
    doNotCall: z.boolean().nullable(),
    callbackAt: instant.nullable(),
    callbackWords: z.string().nullable(),
    answeredBy: z.string().nullable(),
    answeredAfterMs: z.number().nullable(),
    answeredDetail: z.string().nullable(),
    messageLeft: z.boolean().nullable(),
    disposition: z.string().nullable(),
    language: z.string().nullable(),
    networkPhrase: z.string().nullable(),
    unreadFields: z.record(z.string(), z.array(z.string())).nullable().catch(null),
    reportHeldAt: instant.nullable(),
    qualification: z.record(z.string(), z.unknown()).nullable(),
    taskId: z.string().nullable(),
    pushError: z.string().nullable(),
    pushFailedAt: instant.nullable(),
  })
  .transform(({ reportHeldAt, qualification, pushFailedAt, ...call }) => ({
    ...call,
    status: call.status ?? 'unknown',
    doNotCall: call.doNotCall === true,
    messageLeft: call.messageLeft === true,
    /** Unreadable fields of the agent's reports, and the number of reports with them. */
    unreadFields: Object.entries(call.unreadFields ?? {}).map(([field, times]) => ({ field, times: times.length })),
    isReportUnheard: reportHeldAt !== null,
    answers: Object.entries(qualification ?? {}).map(([key, value]) => ({
      key,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    })),
    pushError: pushFailedAt === null ? undefined : (call.pushError ?? 'refused'),
  }));
export type Attempt = z.output<typeof attempt>;

const told = z.object({ taskId: z.string().nullable(), toldAt: instant.nullable(), error: z.string().nullable() });
/** A task for enquiries without a call; without a task id until the CRM has accepted it. */
type Told = z.output<typeof told>;

export type LeadStory = { lead: Lead; attempts: Attempt[]; callbacks: Callback[]; told: Told[]; events: EventLine[] };

/** A lead with its attempts, oldest first, and all of its events. */
export async function readLeadStory(deps: Deps, id: number): Promise<LeadStory | undefined> {
  const sql = deps.postgres.sql;
  const found = await row(
    sql,
    lead,
    `select l.id, l.name, l.phone, l.source, l.email, l.product_name, l.city, l.state, l.query_message as message, l.status,
            l.retry_after, l.retry_count, l.failure_reason, coalesce(l.created_at, l.updated_at, 'epoch')::timestamptz as created_at,
            w.reason as waits_because, w.until as waits_until
       from leads l left join lead_waits w on w.lead_id = l.id where l.id = $1`,
    [id],
  );
  if (found === undefined) return undefined;
  const attempts = await rows(
    sql,
    attempt,
    `select c.id as call_id, c.attempt, c.status, c.failure_reason, c.sip_status, c.agent_mode as mode, d.mode_version,
            c.call_started_at as started_at, d.sent_at,
            d.revoked_at, d.put_back_reason, c.answered_at,
            coalesce((f.last_look->>'answerEstimated')::boolean, false) as answer_estimated, c.call_ended_at as ended_at, c.duration_seconds, c.do_not_call,
            f.callback_at, f.callback_words, f.answered_by, f.answered_after_ms, f.answered_detail, f.message_left, f.disposition,
            f.language, d.network_phrase, f.unread_fields, f.report_held_at,
            case when jsonb_typeof(c.qualification) = 'object' then c.qualification end as qualification,
            c.crm_task_id as task_id, p.last_error as push_error, p.failed_at as push_failed_at
       from calls c left join dials d on d.call_id = c.id left join crm_pushes p on p.call_id = c.id
       left join call_facts f on f.call_id = c.id
      where c.lead_id = $1 order by c.id limit 200`,
    [id],
  );
  const tasks = await rows(
    sql,
    told,
    `select task_id, told_at, last_error as error from crm_enquiries where lead_id = $1 order by told_at nulls last limit 50`,
    [id],
  );
  const callbacks = await readCallbacksOf(sql, id);
  const events = toTimeline(await readNewest(deps, { leadId: id }, 500));
  return { lead: found, attempts, callbacks, told: tasks, events };
}

export type Explanation = { kind: string; reason?: string; until?: Date };

/** The dispatcher's decision about this lead now; undefined if it does not answer. */
export async function askExplanation(deps: Deps, leadId: number): Promise<Explanation | undefined> {
  try {
    const said = await ask(deps.nats, explain, { leadId }, 1_500);
    return {
      kind: said.kind,
      ...(said.reason === undefined ? {} : { reason: said.reason }),
      ...(said.until == null ? {} : { until: new Date(said.until) }),
    };
  } catch {
    return undefined;
  }
}

/** A delivery, its faults in words. */
export type Receipt = {
  receivedAt: Date;
  sourceLeadId: string | null;
  verdict: string;
  faults: string[];
};

/** Deliveries that ingest keeps; undefined if it does not answer. */
export async function askReceipts(deps: Deps, question: BodyOf<typeof receipts>): Promise<Receipt[] | undefined> {
  const found = await ask(deps.nats, receipts, question, 1_500).catch(() => undefined);
  return found?.map(({ receivedAt, sourceLeadId, verdict, faults }) => ({
    receivedAt: new Date(receivedAt),
    sourceLeadId,
    verdict,
    faults: faults.map(({ pointer, detail }) => `${pointer}: ${detail}`),
  }));
}
