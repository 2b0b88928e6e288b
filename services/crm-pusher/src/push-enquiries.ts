import { normalisePhone } from '@leadline/contracts/phone-number';
import { databaseNow } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { blameFor } from '@leadline/messaging/blame';
import { z } from 'zod';
import { decidePush, type CrmAnswer } from './decide-push.ts';
import type { Deps } from './deps.ts';
import type { HeldNumber } from './mobile-locks.ts';
import { reference, toCrmMobile } from './to-crm-task.ts';
import { toEnquiryTask } from './to-enquiry-task.ts';

/** Older enquiries appear only on the lead's page. */
const maxDays = 7;
const atOnce = 50;
/** How long to wait after the CRM refused: somebody may have corrected it there. */
const refusedWaits = `interval '1 hour'`;
const longestErrorDelayMs = 30_000;

/** The reference of a lead that has no receipt, because another program inserted it. */
const ofLead = `md5('lead ' || l.id || ' ' || extract(epoch from l.created_at))::uuid`;

/**
 * Creates a task for enquiries that no call's task mentions, each once: those of a buyer whom we don't call because he
 * has just talked with us, and those that joined a lead whose task existed already. Answers `rest` where there are none.
 */
export async function pushEnquiries(deps: Deps, stopping: AbortSignal): Promise<'rest' | undefined> {
  await noteEnquiries(deps);
  const waiting = await rows(
    deps.postgres.sql,
    z.object({ enquiryId: z.string() }),
    `select enquiry_id from crm_enquiries
      where told_at is null and (failed_at is null or failed_at < clock_timestamp() - ${refusedWaits})
        and (next_try_at is null or next_try_at <= clock_timestamp())
      order by enquiry_id limit ${atOnce}`,
    [],
  );
  for (const { enquiryId } of waiting) {
    if (stopping.aborted) return undefined;
    try {
      await pushEnquiry(enquiryId, deps);
    } catch (error) {
      if (blameFor(error) === 'elsewhere') throw error;
      deps.log.error({ err: error, enquiryId }, 'an enquiry could not be pushed; it is tried again after the others');
      await later(enquiryId, { because: 'not_tried', afterMs: 300_000 }, deps);
    }
  }
  return waiting.length === 0 ? 'rest' : undefined;
}

/** One push at a time for a lead, so that enquiries that arrive meanwhile share the next. */
async function noteEnquiries({ postgres }: Deps): Promise<void> {
  await affected(
    postgres.sql,
    `insert into crm_enquiries (enquiry_id, lead_id)
     select coalesce((select r.id from lead_receipts r where r.lead_id = l.id and r.verdict = 'accepted'
                         and not exists (select from lead_enquiries e where e.receipt_id = r.id)
                       order by r.received_at limit 1), ${ofLead}), l.id
       from lead_waits w join leads l on l.id = w.lead_id
      where w.reason = 'talked_recently' and l.status = 'new' and w.until > clock_timestamp()
        and not exists (select from crm_enquiries t where t.lead_id = l.id offset 0)
     on conflict do nothing`,
    [],
  );
  await affected(
    postgres.sql,
    `insert into crm_enquiries (enquiry_id, lead_id)
     select distinct on (e.lead_id) e.receipt_id, e.lead_id
       from lead_enquiries e
      where e.added_at > (select clock_timestamp() - interval '${maxDays} days') and ${isUntold('true')}
        and not exists (select from crm_enquiries t where t.lead_id = e.lead_id and t.told_at is null offset 0)
        and not exists (select from calls c where c.lead_id = e.lead_id and c.status in ('calling', 'called') offset 0)
        and (exists (select from crm_enquiries t where t.lead_id = e.lead_id offset 0)
             or 'pushed' = (select c.status from calls c where c.lead_id = e.lead_id and c.attempt is not null
                             order by c.id desc limit 1))
      order by e.lead_id, e.added_at
     on conflict do nothing`,
    [],
  );
}

/**
 * Enquiries that neither a task of their lead's calls nor one of their own mentions. Older versions did not note which
 * enquiries a task mentions. `offset 0`, here and above: Postgres looks each enquiry up by its lead, in place of reading
 * every call and task that ever was to compare them. Nor is an index read up to a clock that goes on: the time is selected
 * once.
 */
const isUntold = (except: string): string => `not exists (select from crm_pushes p join calls c on c.id = p.call_id
                   where c.lead_id = e.lead_id and c.status = 'pushed'
                     and case when p.enquiries is null then e.added_at <= coalesce(p.sent_at, c.updated_at)
                              else e.receipt_id = any(p.enquiries) end offset 0)
             and not exists (select from crm_enquiries t where t.lead_id = e.lead_id and ${except}
                                and (t.enquiry_id = e.receipt_id or e.receipt_id = any(t.enquiries)) offset 0)`;

const pushRow = z.object({
  enquiryId: z.string(),
  attempts: z.number(),
  sentAt: instant.nullable(),
  nextTryAt: instant.nullable(),
  emptyLooks: z.number(),
  lastLookedAt: instant.nullable(),
  name: z.string(),
  phone: z.string(),
  talkedAt: instant.nullable(),
  /** The task mentions the lead itself, because nobody calls it. */
  isLead: z.boolean(),
  isPaused: z.boolean(),
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

function readPush(sql: Sql, enquiryId: string): Promise<PushRow | undefined> {
  return row(
    sql,
    pushRow,
    `select t.enquiry_id, t.attempts, t.sent_at, t.next_try_at, t.empty_looks, t.last_looked_at, l.name, l.phone,
            (select max(c.call_ended_at) from calls c
              where last_ten(c.phone) = last_ten(l.phone) and c.status in ('called', 'pushed')) as talked_at,
            not j.joined as is_lead,
            exists (select from lead_waits w where w.lead_id = l.id and w.reason = 'talked_recently') as is_paused,
            case when j.joined then '[]'::jsonb
                 else jsonb_build_array(jsonb_build_object(
                   'id', t.enquiry_id, 'source', l.source, 'productName', l.product_name, 'message', l.query_message,
                   'enquiredAt', coalesce((select r.enquired_at from lead_receipts r where r.id = t.enquiry_id), l.created_at)))
            end || coalesce((
              select jsonb_agg(jsonb_build_object('id', e.receipt_id, 'source', e.source, 'productName', e.product_name,
                       'message', e.query_message, 'enquiredAt', e.enquired_at) order by e.added_at)
                from lead_enquiries e
               where e.lead_id = l.id and (e.receipt_id = t.enquiry_id or ${isUntold('t.enquiry_id <> $1')})), '[]') as enquiries
       from crm_enquiries t join leads l on l.id = t.lead_id
       cross join lateral (select exists (select from lead_enquiries e where e.receipt_id = t.enquiry_id) as joined) j
      where t.enquiry_id = $1 and t.told_at is null`,
    [enquiryId],
  );
}

async function pushEnquiry(enquiryId: string, deps: Deps): Promise<void> {
  let phone: ReturnType<typeof normalisePhone> | undefined;
  const held = await deps.locks.hold({
    async phoneOf(sql) {
      const seen = await readPush(sql, enquiryId);
      phone = seen && normalisePhone(seen.phone);
      return phone?.ok === true ? phone.phone : undefined;
    },
    read: (sql) => readPush(sql, enquiryId),
    async work(push, lock) {
      if (push !== undefined && phone?.ok === true) await step({ ...push, phone: phone.phone }, lock, deps);
      return 'stepped' as const;
    },
  });
  if (held === undefined && phone?.ok === false) await giveUp(enquiryId, `number_${phone.reason}`, deps);
}

async function step(push: PushRow, lock: HeldNumber, deps: Deps): Promise<void> {
  // The pause ended before anything was sent: the lead is called, and its call's task mentions the enquiry.
  if (push.isLead && !push.isPaused && push.sentAt === null) return forget(push.enquiryId, deps);
  const decision = decidePush(
    {
      callStatus: 'called',
      sentAt: push.sentAt,
      emptyLooks: push.emptyLooks,
      lastLookedAt: push.lastLookedAt,
      nextTryAt: push.nextTryAt,
    },
    deps.now(await databaseNow(deps.postgres.sql)),
    deps.policy,
  );
  if (decision.kind === 'nothing' || decision.kind === 'wait') return;
  const { crm } = deps;
  const mobile = toCrmMobile(push.phone);
  const known = `enquiry-${push.enquiryId}`;
  let customer: CrmAnswer & { customerId?: string } = await crm.findCustomer(mobile);
  if (customer.kind === 'ok' && customer.customerId === undefined)
    customer = await crm.createCustomer({ mobile, name: push.name });
  if (customer.kind !== 'ok' || customer.customerId === undefined) return notYet(push, customer, deps);
  const { customerId } = customer;
  const search = await crm.findTask(customerId, reference(known));
  if (search.kind !== 'ok') return notYet(push, search, deps);
  if (search.taskId !== undefined) return finish(push, customerId, search.taskId, deps);
  if (decision.kind === 'look') return noteEmptyLook(push, deps);

  const task = toEnquiryTask(
    { reference: reference(known), name: push.name, talkedAt: push.talkedAt, enquiries: push.enquiries },
    customerId,
    deps.mapping,
  );
  // Committed before the POST, as for a call: from here on a task may exist that mentions these enquiries.
  const isNoted = await lock.write((sql) =>
    affected(
      sql,
      `update crm_enquiries set attempts = attempts + 1, customer_id = $2, enquiries = $3, sent_at = clock_timestamp(),
              empty_looks = 0, last_looked_at = null, next_try_at = null, failed_at = null
        where enquiry_id = $1`,
      [push.enquiryId, customerId, push.enquiries.map(({ id }) => id)],
    ),
  );
  if (!isNoted) return;
  const created = await crm.createTask(task);
  if (created.kind === 'ok' && created.taskId !== undefined) return finish(push, customerId, created.taskId, deps);
  return afterUnfinishedPost(push, created, deps);
}

/** Before any POST of a task. */
async function notYet(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<void> {
  if (answer.kind === 'refused') return giveUp(push.enquiryId, `refused_${answer.status}`, deps);
  await later(push.enquiryId, toDelay(push, answer), deps);
}

async function afterUnfinishedPost(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<void> {
  if (answer.kind === 'refused') return giveUp(push.enquiryId, `refused_${answer.status}`, deps);
  if (answer.kind === 'later') {
    // Certainly not created: the next try needs no looks.
    await affected(
      deps.postgres.sql,
      `update crm_enquiries set sent_at = null, enquiries = null where enquiry_id = $1`,
      [push.enquiryId],
    );
    await later(push.enquiryId, answer, deps);
    return;
  }
  deps.metrics.pushes.inc({ result: 'unclear' });
  const { because } = toDelay(push, answer);
  await affected(deps.postgres.sql, `update crm_enquiries set last_error = $2 where enquiry_id = $1`, [
    push.enquiryId,
    because,
  ]);
}

function toDelay(push: PushRow, answer: CrmAnswer): { because: string; afterMs: number } {
  if (answer.kind === 'later') return answer;
  const because = 'because' in answer ? answer.because : answer.kind === 'ok' ? 'no_id' : `http_${answer.status}`;
  return { because, afterMs: Math.min(5_000 * 2 ** Math.min(push.attempts, 10), longestErrorDelayMs) };
}

async function noteEmptyLook(push: PushRow, { postgres }: Deps): Promise<void> {
  await affected(
    postgres.sql,
    `update crm_enquiries set empty_looks = empty_looks + 1, last_looked_at = clock_timestamp() where enquiry_id = $1`,
    [push.enquiryId],
  );
}

async function later(enquiryId: string, put: { because: string; afterMs: number }, deps: Deps): Promise<void> {
  deps.metrics.pushes.inc({ result: 'later' });
  await affected(
    deps.postgres.sql,
    `update crm_enquiries set last_error = $2, next_try_at = clock_timestamp() + make_interval(secs => $3) where enquiry_id = $1`,
    [enquiryId, put.because, put.afterMs / 1_000],
  );
}

async function finish(push: PushRow, customerId: string, taskId: string, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `update crm_enquiries set customer_id = $2, task_id = $3, told_at = clock_timestamp(), next_try_at = null,
            failed_at = null, last_error = null, enquiries = coalesce(enquiries, $4)
      where enquiry_id = $1`,
    [push.enquiryId, customerId, taskId, push.enquiries.map(({ id }) => id)],
  );
  deps.metrics.pushes.inc({ result: 'pushed' });
}

async function giveUp(enquiryId: string, errorClass: string, deps: Deps): Promise<void> {
  await affected(
    deps.postgres.sql,
    `update crm_enquiries set last_error = $2, failed_at = clock_timestamp(), sent_at = null, enquiries = null, next_try_at = null
      where enquiry_id = $1`,
    [enquiryId, errorClass],
  );
  deps.metrics.pushes.inc({ result: 'refused' });
}

async function forget(enquiryId: string, { postgres }: Deps): Promise<void> {
  await affected(postgres.sql, `delete from crm_enquiries where enquiry_id = $1 and sent_at is null`, [enquiryId]);
}
