import { instant, row, rows } from '@leadline/database/sql';
import { ask } from '@leadline/messaging/ask';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { EventLine } from '../live/live-events.ts';
import { readNewest } from '../live/live-events.ts';
import { toTimeline } from './to-timeline.ts';

const lead = z
  .object({
    id: z.number(),
    name: z.string().nullable(),
    phone: z.string(),
    source: z.string().nullable(),
    email: z.string().nullable(),
    product_name: z.string().nullable(),
    city: z.string().nullable(),
    state: z.string().nullable(),
    query_message: z.string().nullable(),
    status: z.string().nullable(),
    retry_after: instant.nullable(),
    retry_count: z.number().nullable(),
    failure_reason: z.string().nullable(),
    created_at: instant,
    waits_because: z.string().nullable(),
    waits_until: instant.nullable(),
  })
  .transform((found) => ({
    id: found.id,
    name: found.name,
    phone: found.phone,
    source: found.source ?? 'unknown',
    email: found.email,
    productName: found.product_name,
    place: [found.city, found.state].filter((part) => part !== null && part !== '').join(', '),
    message: found.query_message,
    status: found.status ?? 'unknown',
    retryAfter: found.retry_after,
    retryCount: found.retry_count ?? 0,
    failureReason: found.failure_reason,
    createdAt: found.created_at,
    wait: found.waits_because === null ? undefined : { reason: found.waits_because, until: found.waits_until },
  }));
type Lead = z.output<typeof lead>;

const attempt = z
  .object({
    id: z.number(),
    attempt: z.number().nullable(),
    status: z.string().nullable(),
    failure_reason: z.string().nullable(),
    sip_status: z.number().nullable(),
    agent_mode: z.string().nullable(),
    call_started_at: instant,
    sent_at: instant.nullable(),
    revoked_at: instant.nullable(),
    put_back_reason: z.string().nullable(),
    answered_at: instant.nullable(),
    call_ended_at: instant.nullable(),
    duration_seconds: z.number().nullable(),
    do_not_call: z.boolean().nullable(),
    callback_at: instant.nullable(),
    callback_words: z.string().nullable(),
    unread_fields: z.record(z.string(), z.array(z.string())).nullable().catch(null),
    report_held_at: instant.nullable(),
    qualification: z.record(z.string(), z.unknown()).nullable(),
    crm_task_id: z.string().nullable(),
    push_error: z.string().nullable(),
    push_failed_at: instant.nullable(),
  })
  .transform((call) => ({
    callId: call.id,
    attempt: call.attempt,
    status: call.status ?? 'unknown',
    failureReason: call.failure_reason,
    sipStatus: call.sip_status,
    mode: call.agent_mode,
    startedAt: call.call_started_at,
    sentAt: call.sent_at,
    revokedAt: call.revoked_at,
    putBackReason: call.put_back_reason,
    answeredAt: call.answered_at,
    endedAt: call.call_ended_at,
    durationSeconds: call.duration_seconds,
    doNotCall: call.do_not_call === true,
    callbackAt: call.callback_at,
    callbackWords: call.callback_words,
    /** Fields of the agent's reports that could not be read, and in how many reports. */
    unreadFields: Object.entries(call.unread_fields ?? {}).map(([field, times]) => ({ field, times: times.length })),
    isReportUnheard: call.report_held_at !== null,
    answers: Object.entries(call.qualification ?? {}).map(([key, value]) => ({
      key,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    })),
    taskId: call.crm_task_id,
    pushError: call.push_failed_at === null ? undefined : (call.push_error ?? 'refused'),
  }));
export type Attempt = z.output<typeof attempt>;

const told = z
  .object({ task_id: z.string().nullable(), told_at: instant.nullable(), last_error: z.string().nullable() })
  .transform((one) => ({ taskId: one.task_id, toldAt: one.told_at, error: one.last_error }));
/** A task that tells of enquiries without a call; no task yet while the CRM has not taken it. */
type Told = z.output<typeof told>;

export type LeadStory = { lead: Lead; attempts: Attempt[]; told: Told[]; events: EventLine[] };

/** One lead, its attempts oldest first, and everything that was said of it. */
export async function readLeadStory(deps: Deps, id: number): Promise<LeadStory | undefined> {
  const em = deps.postgres.em();
  const found = await row(
    em,
    lead,
    `select l.id, l.name, l.phone, l.source, l.email, l.product_name, l.city, l.state, l.query_message, l.status,
            l.retry_after, l.retry_count, l.failure_reason, coalesce(l.created_at, l.updated_at, 'epoch')::timestamptz as created_at,
            w.reason as waits_because, w.until as waits_until
       from leads l left join lead_waits w on w.lead_id = l.id where l.id = $1`,
    [id],
  );
  if (found === undefined) return undefined;
  const attempts = await rows(
    em,
    attempt,
    `select c.id, c.attempt, c.status, c.failure_reason, c.sip_status, c.agent_mode, c.call_started_at, d.sent_at,
            d.revoked_at, d.put_back_reason, c.answered_at, c.call_ended_at, c.duration_seconds, c.do_not_call,
            f.callback_at, f.callback_words, f.unread_fields, f.report_held_at,
            case when jsonb_typeof(c.qualification) = 'object' then c.qualification end as qualification,
            c.crm_task_id, p.last_error as push_error, p.failed_at as push_failed_at
       from calls c left join dials d on d.call_id = c.id left join crm_pushes p on p.call_id = c.id
       left join call_facts f on f.call_id = c.id
      where c.lead_id = $1 order by c.id limit 200`,
    [id],
  );
  const tasks = await rows(
    em,
    told,
    `select task_id, told_at, last_error from crm_enquiries where lead_id = $1 order by told_at nulls last limit 50`,
    [id],
  );
  return { lead: found, attempts, told: tasks, events: toTimeline(await readNewest(deps, { leadId: id }, 500)) };
}

const explanation = z.object({
  kind: z.enum(['dial', 'wait', 'refuse', 'not_due']),
  reason: z.string().optional(),
  until: z.string().nullish(),
});
export type Explanation = { kind: 'dial' | 'wait' | 'refuse' | 'not_due'; reason?: string; until?: Date };

/** What the dispatcher would decide of this lead now; undefined where it does not answer. */
export async function askExplanation(deps: Deps, leadId: number): Promise<Explanation | undefined> {
  try {
    const said = await ask(deps.nats, 'ops.dispatcher.explain', { leadId }, explanation, 1_500);
    return {
      kind: said.kind,
      ...(said.reason === undefined ? {} : { reason: said.reason }),
      ...(said.until == null ? {} : { until: new Date(said.until) }),
    };
  } catch {
    return undefined;
  }
}

const receipt = z
  .object({
    id: z.string(),
    receivedAt: z.string(),
    source: z.string(),
    sourceLeadId: z.string().nullable(),
    verdict: z.string(),
    faults: z.array(z.looseObject({ pointer: z.string().optional(), detail: z.string().optional() })),
  })
  .transform((found) => ({
    ...found,
    receivedAt: new Date(found.receivedAt),
    faults: found.faults.map(({ pointer, detail }) =>
      [pointer, detail].filter((part) => part !== undefined).join(': '),
    ),
  }));
export type Receipt = z.output<typeof receipt>;

/** Deliveries as ingest keeps them; undefined where it does not answer. */
export async function askReceipts(
  deps: Deps,
  question: { source?: string; leadId?: number; verdict?: 'accepted' | 'rejected'; limit: number },
): Promise<Receipt[] | undefined> {
  return ask(deps.nats, 'ops.ingest.receipts', question, z.array(receipt), 1_500).catch(() => undefined);
}
