import { callPushFailed } from '@leadline/contracts/events/call-push-failed';
import { callPushed } from '@leadline/contracts/events/call-pushed';
import { ofOurDays } from '@leadline/contracts/outside-time';
import { testCallSource } from '@leadline/contracts/test-call';
import { affected, instant, row, type Sql } from '@leadline/database/sql';
import { enqueue } from '@leadline/messaging/outbox';
import { z } from 'zod';
import type { Deps } from './deps.ts';

const pushRow = z.object({
  /** The database's time when it was read. */
  now: instant,
  id: z.number(),
  /** Null for calls of the old program. */
  attempt: z.number().nullable(),
  leadId: z.number().nullable(),
  status: z.string(),
  name: z.string().nullable(),
  phone: z.string(),
  source: z.string().nullable(),
  qualification: z.record(z.string(), z.string()).nullable(),
  agentMode: z.string().nullable(),
  callRoom: z.string().nullable(),
  callStartedAt: instant,
  productName: z.string().nullable(),
  callbackAt: instant.nullable().transform((at) => at && ofOurDays(at)),
  callbackWords: z.string().nullable(),
  disposition: z.string().nullable(),
  language: z.string().nullable(),
  callbackKeptBy: z.enum(['agent', 'person']).nullable().catch(null),
  attempts: z.number().nullable(),
  customerId: z.string().nullable(),
  sentAt: instant.nullable(),
  emptyLooks: z.number().nullable(),
  /**
   * How often in a row the CRM said that it exists already, and how often we POSTed a customer without a clear answer.
   */
  conflicts: z.number().nullable(),
  customerPosts: z.number().nullable(),
  lastLookedAt: instant.nullable(),
  nextTryAt: instant.nullable(),
  traceparent: z.string().nullable(),
  enquiries: z.array(
    z.object({
      id: z.string(),
      source: z.string(),
      productName: z.string().nullable(),
      message: z.string().nullable(),
      enquiredAt: instant,
    }),
  ),
});
/** A qualified call, and its push's progress. */
export type PushRow = z.infer<typeof pushRow>;

/** SQL of a call c that is not a test call. */
export const isNoTest = `c.source is distinct from '${testCallSource}'`;

/** @returns undefined if the call gets no task: it is too old, none of ours, or a test */
export function readPush(sql: Sql, callId: number, deps: Deps): Promise<PushRow | undefined> {
  return row(
    sql,
    pushRow,
    toText(
      `c.id = $1 and ${isNoTest} and (c.attempt is not null and c.call_room is not null or c.attempt is null and $2::int is not null)`,
    ),
    [callId, deps.policy.oldCallsMaxAgeDays],
  );
}

/** @returns a lead's test call as if it were to be pushed; undefined if it learnt nothing, or is no test call */
export function readTestCall(leadId: number, deps: Deps): Promise<PushRow | undefined> {
  return row(deps.postgres.sql, pushRow, toText(`c.lead_id = $1 and not ${isNoTest} and c.status = 'called'`), [
    leadId,
  ]);
}

/** SQL of the calls c that are meant. */
const toText = (calls: string): string =>
  // An old call's room may be missing or used twice, and its answers may be numbers or nothing.
  `select clock_timestamp() as now, c.id, c.attempt, c.lead_id, c.status, c.name, c.phone, c.source, c.agent_mode,
            case when c.attempt is null then 'old-' || c.id || '-' || extract(epoch from c.call_started_at)::bigint
                 else c.call_room end as call_room,
            (select jsonb_object_agg(a.key, a.value)
               from jsonb_each_text(case jsonb_typeof(c.qualification) when 'object' then c.qualification else '{}' end) a
              where btrim(a.value) <> '') as qualification,
            c.call_started_at, l.product_name, f.callback_at, f.callback_words, f.disposition, f.language,
            f.callback_request->>'keptBy' as callback_kept_by, p.attempts, p.customer_id, p.sent_at, p.empty_looks,
            p.conflicts, p.customer_posts,
            p.last_looked_at, p.next_try_at, d.traceparent,
            (select coalesce(jsonb_agg(jsonb_build_object('id', e.receipt_id, 'source', e.source, 'productName', e.product_name,
                      'message', e.query_message, 'enquiredAt', e.enquired_at) order by e.added_at), '[]')
               from lead_enquiries e where e.lead_id = c.lead_id) as enquiries
       from calls c
       left join dials d on d.call_id = c.id
       left join leads l on l.id = c.lead_id
       left join call_facts f on f.call_id = c.id
       left join crm_pushes p on p.call_id = c.id
      where ${calls}`;

/** Before the POST of a task, the caller commits this: from then on it may exist. */
export async function notePost(sql: Sql, push: PushRow, customerId: string): Promise<void> {
  await affected(
    sql,
    `insert into crm_pushes (call_id, attempts, customer_id, enquiries, sent_at, empty_looks)
     values ($1, 1, $2, $3, clock_timestamp(), 0)
     on conflict (call_id) do update set attempts = crm_pushes.attempts + 1, customer_id = $2, enquiries = $3,
       sent_at = clock_timestamp(), empty_looks = 0, last_looked_at = null, next_try_at = null, failed_at = null`,
    [push.id, customerId, push.enquiries.map(({ id }) => id)],
  );
}

/** Counts that the CRM said it exists already. The POST stays noted, because a task may exist. */
export async function noteConflict(push: PushRow, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `insert into crm_pushes (call_id, conflicts) values ($1, 1)
     on conflict (call_id) do update set conflicts = coalesce(crm_pushes.conflicts, 0) + 1`,
    [push.id],
  );
}

/** Counts a customer's POST without a clear answer. */
export async function noteUnclearCustomer(push: PushRow, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `insert into crm_pushes (call_id, customer_posts) values ($1, 1)
     on conflict (call_id) do update set customer_posts = coalesce(crm_pushes.customer_posts, 0) + 1`,
    [push.id],
  );
}

/** After a POST that may have created a task: notes a look that found none. */
export async function noteEmptyLook(push: PushRow, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `update crm_pushes set empty_looks = empty_looks + 1, last_looked_at = clock_timestamp() where call_id = $1`,
    [push.id],
  );
}

export async function noteError(push: PushRow, because: string, deps: Deps): Promise<void> {
  await affected(deps.postgres.sql, `update crm_pushes set last_error = $2 where call_id = $1`, [push.id, because]);
}

/** The CRM made no task, so the next try needs no looks. */
export async function forgetPost(push: PushRow, deps: Deps): Promise<void> {
  await affected(deps.postgres.sql, `update crm_pushes set sent_at = null where call_id = $1`, [push.id]);
}

/** The sweep tries again after `afterMs`. */
export async function putOff(push: PushRow, because: string, afterMs: number, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `insert into crm_pushes (call_id, last_error, next_try_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
     on conflict (call_id) do update set last_error = excluded.last_error, next_try_at = excluded.next_try_at`,
    [push.id, because, afterMs / 1_000],
  );
}

/** Notes when the sweep continues this push. `anew`: a person sent it back, so an earlier refusal does not count. */
export async function leaveToSweep(
  callId: number,
  put: { because: string; afterMs: number; anew: boolean },
  deps: Deps,
): Promise<void> {
  await affected(
    deps.postgres.sql,
    `insert into crm_pushes (call_id, last_error, next_try_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
     on conflict (call_id) do update set last_error = coalesce(crm_pushes.last_error, excluded.last_error),
       next_try_at = excluded.next_try_at, failed_at = case when $4 then null else crm_pushes.failed_at end`,
    [callId, put.because, put.afterMs / 1_000, put.anew],
  );
}

/** Sets `called` → `pushed` with the CRM's task id, publishes that once, and commits. The call is locked. */
export async function setCallPushed(push: PushRow, customerId: string, taskId: string, deps: Deps): Promise<void> {
  await deps.commits.add(push.id, async (sql) => {
    const changed = await affected(
      sql,
      `update calls set status = 'pushed', crm_task_id = $2, updated_at = clock_timestamp() where id = $1 and status = 'called'`,
      [push.id, taskId],
    );
    await affected(
      sql,
      `insert into crm_pushes (call_id, customer_id, task_id) values ($1, $2, $3)
       on conflict (call_id) do update set customer_id = $2, task_id = $3, next_try_at = null, failed_at = null`,
      [push.id, customerId, taskId],
    );
    if (changed === 0) return;
    await enqueue(sql, 'crm-pusher', callPushed, {
      subject: `call/${push.id}`,
      data: { leadId: push.leadId, source: push.source, room: push.callRoom ?? '', callId: push.id, taskId },
    });
  });
}

/** Notes that the CRM refused for good; the call stays `called`. Commits. */
export async function keepRefused(push: PushRow, errorClass: string, deps: Deps): Promise<void> {
  await deps.postgres.transaction(async (sql) => {
    await affected(
      sql,
      `insert into crm_pushes (call_id, attempts, last_error, failed_at) values ($1, 1, $2, clock_timestamp())
       on conflict (call_id) do update set last_error = $2, failed_at = clock_timestamp(), sent_at = null, next_try_at = null,
         conflicts = null, customer_posts = null`,
      [push.id, errorClass],
    );
    await enqueue(sql, 'crm-pusher', callPushFailed, {
      subject: `call/${push.id}`,
      data: {
        leadId: push.leadId,
        source: push.source,
        room: push.callRoom ?? '',
        callId: push.id,
        errorClass,
        attempts: (push.attempts ?? 0) + 1,
      },
    });
  });
}
