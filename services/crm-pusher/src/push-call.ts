import { ofOurDays } from '@leadline/contracts/outside-time';
import { normalisePhone } from '@leadline/contracts/phone-number';
import { callPushFailed } from '@leadline/contracts/events/call-push-failed';
import { callPushed } from '@leadline/contracts/events/call-pushed';
import { databaseNow, lockCall } from '@leadline/database/locks';
import { affected, instant, row } from '@leadline/database/sql';
import { erasedValue } from '@leadline/messaging/erase';
import { enqueue } from '@leadline/messaging/outbox';
import { inSpan } from '@leadline/messaging/span';
import { z } from 'zod';
import { decideConflict, decidePush, toPatience, type CrmAnswer } from './decide-push.ts';
import type { Deps } from './deps.ts';
import { reference, toCrmMobile, toCrmTask, type QualifiedCall } from './to-crm-task.ts';

export type Pushed =
  | { kind: 'done' }
  | { kind: 'later'; because: string; afterMs: number }
  /** The CRM refused for good; the call stays `called`. */
  | { kind: 'refused'; errorClass: string };

const pushRow = z.object({
  id: z.number(),
  /** Empty for a call of the old program. */
  attempt: z.number().nullable(),
  lead_id: z.number().nullable(),
  status: z.string(),
  name: z.string().nullable(),
  phone: z.string(),
  source: z.string().nullable(),
  qualification: z.record(z.string(), z.string()).nullable(),
  agent_mode: z.string().nullable(),
  call_room: z.string().nullable(),
  call_started_at: instant,
  product_name: z.string().nullable(),
  callback_at: instant.nullable().transform((at) => at && ofOurDays(at)),
  callback_words: z.string().nullable(),
  attempts: z.number().nullable(),
  customer_id: z.string().nullable(),
  sent_at: instant.nullable(),
  empty_looks: z.number().nullable(),
  /** How often in a row the CRM said that there is one already, and how often a customer was asked for in vain. */
  conflicts: z.number().nullable(),
  customer_posts: z.number().nullable(),
  last_looked_at: instant.nullable(),
  next_try_at: instant.nullable(),
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
type PushRow = z.infer<typeof pushRow>;

/**
 * Takes a qualified call one step further towards its task: safe to run at any time, as often as one likes, by any
 * replica. `alive` is called before each request, so that a message is kept only while work goes on.
 */
export async function pushCall(callId: number, alive: () => void, deps: Deps): Promise<Pushed> {
  const seen = await readPush(callId, deps);
  if (seen === undefined) return { kind: 'done' };
  const phone = toCustomerPhone(seen.phone);
  if (!phone.ok) return seen.status === 'called' ? giveUp(seen, `number_${phone.reason}`, deps) : { kind: 'done' };
  const held = await deps.locks.hold(phone.phone, async (lock) => {
    const push = await readPush(callId, deps);
    if (push === undefined) return { kind: 'done' } as const;
    const { traceparent } = push;
    return inSpan('push', { traceparent, attributes: { 'leadline.call_id': callId } }, () =>
      step({ ...push, phone: phone.phone }, lock, alive, deps),
    );
  });
  return held === 'busy' ? { kind: 'later', because: 'number_busy', afterMs: 2_000 } : held;
}

/** +91 and ten digits, or what can be read as that. Where a person was erased the CRM is asked for nobody. */
function toCustomerPhone(phone: string): { ok: true; phone: string } | { ok: false; reason: string } {
  if (/^\+91\d{10}$/.test(phone)) return { ok: true, phone };
  return phone === erasedValue ? { ok: false, reason: 'erased' } : normalisePhone(phone);
}

function readPush(callId: number, deps: Deps): Promise<PushRow | undefined> {
  return row(
    deps.postgres.em(),
    pushRow,
    // An old call's room may be missing or used twice, and its answers may be numbers or nothing.
    `select c.id, c.attempt, c.lead_id, c.status, c.name, c.phone, c.source, c.agent_mode,
            case when c.attempt is null then 'old-' || c.id || '-' || extract(epoch from c.call_started_at)::bigint
                 else c.call_room end as call_room,
            (select jsonb_object_agg(a.key, a.value)
               from jsonb_each_text(case jsonb_typeof(c.qualification) when 'object' then c.qualification else '{}' end) a
              where btrim(a.value) <> '') as qualification,
            c.call_started_at, l.product_name, f.callback_at, f.callback_words, p.attempts, p.customer_id, p.sent_at, p.empty_looks,
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
      where c.id = $1 and (c.attempt is not null and c.call_room is not null or c.attempt is null and $2::int is not null)`,
    [callId, deps.policy.oldCallsMaxAgeDays],
  );
}

async function step(
  push: PushRow,
  lock: { stillHeld(): Promise<boolean> },
  alive: () => void,
  deps: Deps,
): Promise<Pushed> {
  const now = deps.now(await databaseNow(deps.postgres.em()));
  const decision = decidePush(
    {
      callStatus: push.status,
      sentAt: push.sent_at,
      emptyLooks: push.empty_looks ?? 0,
      lastLookedAt: push.last_looked_at,
      nextTryAt: push.next_try_at,
    },
    now,
    deps.policy,
  );
  if (decision.kind === 'nothing') return { kind: 'done' };
  if (decision.kind === 'wait') {
    return { kind: 'later', because: 'not_due', afterMs: decision.until.getTime() - now.getTime() };
  }
  const mobile = toCrmMobile(push.phone);
  const { crm } = deps;

  alive();
  let customer: CrmAnswer & { customerId?: string } = await crm.findCustomer(mobile);
  if (customer.kind === 'ok' && customer.customerId === undefined) {
    alive();
    customer = await crm.createCustomer({ mobile, name: push.name });
    if (customer.kind === 'conflict') return meetConflict(push, 'customer', customer.status, deps);
    // Found, or not, by the next try's search.
    if (customer.kind === 'unclear') return afterUnclearCustomer(push, customer.because, deps);
  }
  if (customer.kind !== 'ok' || customer.customerId === undefined) return notYet(push, customer, deps);
  const { customerId } = customer;

  alive();
  const known = await crm.findTask(customerId, reference(push.call_room ?? ''));
  if (known.kind !== 'ok') return notYet(push, known, deps);
  if (known.taskId !== undefined) return finish(push, customerId, known.taskId, deps);
  if (decision.kind === 'look') return noteEmptyLook(push, deps);

  const task = toCrmTask(toQualifiedCall(push), customerId, deps.mapping);
  // Committed before the POST: from here on a task may exist. And a process that was frozen meanwhile may not send any more.
  if (!(await lock.stillHeld())) return { kind: 'later', because: 'lock_lost', afterMs: 2_000 };
  await affected(
    deps.postgres.em(),
    `insert into crm_pushes (call_id, attempts, customer_id, enquiries, sent_at, empty_looks)
     values ($1, 1, $2, $3, clock_timestamp(), 0)
     on conflict (call_id) do update set attempts = crm_pushes.attempts + 1, customer_id = $2, enquiries = $3,
       sent_at = clock_timestamp(), empty_looks = 0, last_looked_at = null, next_try_at = null, failed_at = null`,
    [push.id, customerId, push.enquiries.map(({ id }) => id)],
  );
  alive();
  const created = await crm.createTask(task);
  if (created.kind === 'ok' && created.taskId !== undefined) return finish(push, customerId, created.taskId, deps);
  return afterUnfinishedPost(push, created, deps);
}

function toQualifiedCall(push: PushRow): QualifiedCall {
  return {
    room: push.call_room ?? '',
    name: push.name,
    phone: push.phone,
    source: push.source,
    productName: push.product_name,
    mode: push.agent_mode,
    answers: push.qualification ?? {},
    callbackAt: push.callback_at,
    callbackWords: push.callback_words,
    callStartedAt: push.call_started_at,
    enquiries: push.enquiries,
  };
}

/**
 * The CRM says that a customer or a task is there already, or that the customer is not any more: the next try searches.
 * One that goes on saying so, and finds nobody, has refused.
 */
async function meetConflict(push: PushRow, what: 'customer' | 'task', status: number, deps: Deps): Promise<Pushed> {
  const decision = decideConflict(what, (push.conflicts ?? 0) + 1, deps.policy);
  if (decision.kind === 'give_up') return giveUp(push, `refused_${status}`, deps);
  // A task that may be there is looked for as after an unclear answer: its sent_at stays.
  await affected(
    deps.postgres.em(),
    `insert into crm_pushes (call_id, conflicts) values ($1, 1)
     on conflict (call_id) do update set conflicts = coalesce(crm_pushes.conflicts, 0) + 1`,
    [push.id],
  );
  await later(push, `conflict_${status}`, decision.afterMs, deps);
  return { kind: 'later', because: `conflict_${status}`, afterMs: decision.afterMs };
}

async function afterUnclearCustomer(push: PushRow, because: string, deps: Deps): Promise<Pushed> {
  const afterMs = toPatience((push.customer_posts ?? 0) + 1, deps.policy);
  await affected(
    deps.postgres.em(),
    `insert into crm_pushes (call_id, customer_posts) values ($1, 1)
     on conflict (call_id) do update set customer_posts = coalesce(crm_pushes.customer_posts, 0) + 1`,
    [push.id],
  );
  await later(push, because, afterMs, deps);
  return { kind: 'later', because, afterMs };
}

/** Before any POST of a task: nothing to remember but when to come again. */
async function notYet(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<Pushed> {
  if (answer.kind === 'refused' || answer.kind === 'conflict') return giveUp(push, `refused_${answer.status}`, deps);
  const because = answer.kind === 'ok' ? 'no_id' : answer.because;
  const afterMs = answer.kind === 'later' ? answer.afterMs : 5_000;
  await later(push, because, afterMs, deps);
  return { kind: 'later', because, afterMs };
}

async function noteEmptyLook(push: PushRow, deps: Deps): Promise<Pushed> {
  await affected(
    deps.postgres.em(),
    `update crm_pushes set empty_looks = empty_looks + 1, last_looked_at = clock_timestamp() where call_id = $1`,
    [push.id],
  );
  return { kind: 'later', because: 'empty_look', afterMs: deps.policy.lookGapMs };
}

async function afterUnfinishedPost(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<Pushed> {
  switch (answer.kind) {
    case 'refused':
      if (answer.status !== 404) return giveUp(push, `refused_${answer.status}`, deps);
      // The customer is not any more, or has another id: surely nothing was created.
      await forgetPost(push, deps);
      return meetConflict(push, 'customer', answer.status, deps);
    case 'conflict':
      return meetConflict(push, 'task', answer.status, deps);
    case 'later':
      // Surely not created: the next try needs no looks.
      await forgetPost(push, deps);
      await later(push, answer.because, answer.afterMs, deps);
      return { kind: 'later', because: answer.because, afterMs: answer.afterMs };
    case 'ok':
    case 'unclear': {
      const because = answer.kind === 'ok' ? 'task_without_id' : answer.because;
      await affected(deps.postgres.em(), `update crm_pushes set last_error = $2 where call_id = $1`, [
        push.id,
        because,
      ]);
      deps.metrics.pushes.inc({ result: 'unclear' });
      return { kind: 'later', because, afterMs: deps.policy.lookAgainMs };
    }
  }
}

/** No task was made: the next try needs no looks. */
async function forgetPost(push: PushRow, deps: Deps): Promise<void> {
  await affected(deps.postgres.em(), `update crm_pushes set sent_at = null where call_id = $1`, [push.id]);
}

async function later(push: PushRow, because: string, afterMs: number, deps: Deps): Promise<void> {
  deps.metrics.pushes.inc({ result: 'later' });
  await affected(
    deps.postgres.em(),
    `insert into crm_pushes (call_id, last_error, next_try_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
     on conflict (call_id) do update set last_error = excluded.last_error, next_try_at = excluded.next_try_at`,
    [push.id, because, afterMs / 1_000],
  );
}

/**
 * Writes down when the sweep is to go on with a push. `anew`: a person sent it back, so an earlier refusal holds no more.
 */
export async function leaveToSweep(
  callId: number,
  put: { because: string; afterMs: number; anew: boolean },
  deps: Deps,
): Promise<void> {
  await affected(
    deps.postgres.em(),
    `insert into crm_pushes (call_id, last_error, next_try_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
     on conflict (call_id) do update set last_error = coalesce(crm_pushes.last_error, excluded.last_error),
       next_try_at = excluded.next_try_at, failed_at = case when $4 then null else crm_pushes.failed_at end`,
    [callId, put.because, put.afterMs / 1_000, put.anew],
  );
}

/** setCallPushed: only `called` → `pushed`, with the CRM's id of the task. */
async function finish(push: PushRow, customerId: string, taskId: string, deps: Deps): Promise<Pushed> {
  await deps.postgres.transaction(async (em) => {
    await lockCall(em, push.id);
    const changed = await affected(
      em,
      `update calls set status = 'pushed', crm_task_id = $2, updated_at = clock_timestamp() where id = $1 and status = 'called'`,
      [push.id, taskId],
    );
    await affected(
      em,
      `insert into crm_pushes (call_id, customer_id, task_id) values ($1, $2, $3)
       on conflict (call_id) do update set customer_id = $2, task_id = $3, next_try_at = null, failed_at = null`,
      [push.id, customerId, taskId],
    );
    if (changed === 0) return;
    await enqueue(em, 'crm-pusher', callPushed, {
      subject: `call/${push.id}`,
      data: { leadId: push.lead_id, source: push.source, room: push.call_room ?? '', callId: push.id, taskId },
    });
  });
  deps.metrics.pushes.inc({ result: 'pushed' });
  return { kind: 'done' };
}

async function giveUp(push: PushRow, errorClass: string, deps: Deps): Promise<Pushed> {
  await deps.postgres.transaction(async (em) => {
    await affected(
      em,
      `insert into crm_pushes (call_id, attempts, last_error, failed_at) values ($1, 1, $2, clock_timestamp())
       on conflict (call_id) do update set last_error = $2, failed_at = clock_timestamp(), sent_at = null, next_try_at = null,
         conflicts = null, customer_posts = null`,
      [push.id, errorClass],
    );
    await enqueue(em, 'crm-pusher', callPushFailed, {
      subject: `call/${push.id}`,
      data: {
        leadId: push.lead_id,
        source: push.source,
        room: push.call_room ?? '',
        callId: push.id,
        errorClass,
        attempts: (push.attempts ?? 0) + 1,
      },
    });
  });
  deps.metrics.pushes.inc({ result: 'refused' });
  return { kind: 'refused', errorClass };
}
