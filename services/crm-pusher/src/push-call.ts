import { normalisePhone } from '@leadline/contracts/phone-number';
import { erasedValue } from '@leadline/messaging/erased-value';
import { inSpan } from '@leadline/tracing/span';
import { decideConflict, decidePush, toPatience, type CrmAnswer } from './decide-push.ts';
import type { Deps } from './deps.ts';
import type { HeldNumber } from './mobile-locks.ts';
import {
  forgetPost,
  setCallPushed,
  keepRefused,
  noteConflict,
  noteEmptyLook,
  noteError,
  notePost,
  noteUnclearCustomer,
  putOff,
  readPush,
  type PushRow,
} from './keep-push.ts';
import { reference, toCrmMobile, toCrmTask, type QualifiedCall } from './to-crm-task.ts';

export type Pushed =
  | { kind: 'done' }
  | { kind: 'later'; because: string; afterMs: number }
  /** The CRM refused for good; the call stays `called`. */
  | { kind: 'refused'; errorClass: string };

/**
 * Takes a qualified call one step further towards its task. Any replica may run it at any time and any number of times.
 * It calls `alive` before each request, so that the message's deadline is extended only while work continues.
 */
export async function pushCall(callId: number, alive: () => void, deps: Deps): Promise<Pushed> {
  let seen: PushRow | undefined;
  let phone: ReturnType<typeof toCustomerPhone> | undefined;
  const held = await deps.locks.hold({
    async phoneOf(sql) {
      seen = await readPush(sql, callId, deps);
      phone = seen && toCustomerPhone(seen.phone);
      return phone?.ok === true ? phone.phone : undefined;
    },
    read: (sql) => readPush(sql, callId, deps),
    async work(push, lock): Promise<Pushed> {
      if (push === undefined || phone?.ok !== true) return { kind: 'done' };
      const attributes = { 'leadline.call_id': callId };
      const ours = { ...push, phone: phone.phone };
      return inSpan('push', { traceparent: push.traceparent, attributes }, () => step(ours, lock, alive, deps));
    },
  });
  if (held === 'busy') return { kind: 'later', because: 'number_busy', afterMs: 2_000 };
  if (held !== undefined) return held;
  if (seen?.status !== 'called' || phone?.ok !== false) return { kind: 'done' };
  return giveUp(seen, `number_${phone.reason}`, deps);
}

/** Accepts +91 and ten digits, or what can be read as that. For an erased person we ask the CRM nothing. */
function toCustomerPhone(phone: string): { ok: true; phone: string } | { ok: false; reason: string } {
  if (/^\+91\d{10}$/.test(phone)) return { ok: true, phone };
  return phone === erasedValue ? { ok: false, reason: 'erased' } : normalisePhone(phone);
}

async function step(push: PushRow, lock: HeldNumber, alive: () => void, deps: Deps): Promise<Pushed> {
  const now = deps.now(push.now);
  const decision = decidePush(
    {
      callStatus: push.status,
      sentAt: push.sentAt,
      emptyLooks: push.emptyLooks ?? 0,
      lastLookedAt: push.lastLookedAt,
      nextTryAt: push.nextTryAt,
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
    // The next try's search finds out.
    if (customer.kind === 'unclear') return afterUnclearCustomer(push, customer.because, deps);
  }
  if (customer.kind !== 'ok' || customer.customerId === undefined) return notYet(push, customer, deps);
  const { customerId } = customer;

  alive();
  const known = await crm.findTask(customerId, reference(push.callRoom ?? ''));
  if (known.kind !== 'ok') return notYet(push, known, deps);
  if (known.taskId !== undefined) return finish(push, customerId, known.taskId, deps);
  if (decision.kind === 'look') {
    await noteEmptyLook(push, deps);
    return { kind: 'later', because: 'empty_look', afterMs: deps.policy.lookGapMs };
  }

  const task = toCrmTask(toQualifiedCall(push), customerId, deps.mapping);
  // Committed before the POST: from here on a task may exist. And a process that was frozen meanwhile must not send any
  // more.
  if (!(await lock.write((sql) => notePost(sql, push, customerId))))
    return { kind: 'later', because: 'lock_lost', afterMs: 2_000 };
  alive();
  const created = await crm.createTask(task);
  if (created.kind === 'ok' && created.taskId !== undefined) return finish(push, customerId, created.taskId, deps);
  return afterUnfinishedPost(push, created, deps);
}

export function toQualifiedCall(push: PushRow): QualifiedCall {
  return {
    room: push.callRoom ?? '',
    name: push.name,
    phone: push.phone,
    source: push.source,
    productName: push.productName,
    mode: push.agentMode,
    answers: push.qualification ?? {},
    callbackAt: push.callbackAt,
    callbackWords: push.callbackWords,
    disposition: push.disposition,
    language: push.language,
    callbackKeptBy: push.callbackKeptBy,
    callStartedAt: push.callStartedAt,
    enquiries: push.enquiries,
  };
}

/**
 * Handles a CRM that says that a customer or task exists already, or that a customer no longer exists: the next try
 * searches. If that repeats in vain, it counts as a refusal.
 */
async function meetConflict(push: PushRow, what: 'customer' | 'task', status: number, deps: Deps): Promise<Pushed> {
  const decision = decideConflict(what, (push.conflicts ?? 0) + 1, deps.policy);
  if (decision.kind === 'give_up') return giveUp(push, `refused_${status}`, deps);
  // The task may exist, so look for it as after an unclear answer: keep sent_at.
  await noteConflict(push, deps);
  return later(push, `conflict_${status}`, decision.afterMs, deps);
}

async function afterUnclearCustomer(push: PushRow, because: string, deps: Deps): Promise<Pushed> {
  const afterMs = toPatience((push.customerPosts ?? 0) + 1, deps.policy);
  await noteUnclearCustomer(push, deps);
  return later(push, because, afterMs, deps);
}

/** Before any POST of a task: only note when to try again. */
async function notYet(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<Pushed> {
  if (answer.kind === 'refused' || answer.kind === 'conflict') return giveUp(push, `refused_${answer.status}`, deps);
  const because = answer.kind === 'ok' ? 'no_id' : answer.because;
  const afterMs = answer.kind === 'later' ? answer.afterMs : 5_000;
  return later(push, because, afterMs, deps);
}

async function afterUnfinishedPost(push: PushRow, answer: CrmAnswer, deps: Deps): Promise<Pushed> {
  switch (answer.kind) {
    case 'refused':
      if (answer.status !== 404) return giveUp(push, `refused_${answer.status}`, deps);
      // The customer is gone or has another id, so the CRM certainly created nothing.
      await forgetPost(push, deps);
      return meetConflict(push, 'customer', answer.status, deps);
    case 'conflict':
      return meetConflict(push, 'task', answer.status, deps);
    case 'later':
      // Certainly not created: the next try needs no looks.
      await forgetPost(push, deps);
      return later(push, answer.because, answer.afterMs, deps);
    case 'ok':
    case 'unclear': {
      const because = answer.kind === 'ok' ? 'task_without_id' : answer.because;
      await noteError(push, because, deps);
      deps.metrics.pushes.inc({ result: 'unclear' });
      return { kind: 'later', because, afterMs: deps.policy.lookAgainMs };
    }
  }
}

async function later(push: PushRow, because: string, afterMs: number, deps: Deps): Promise<Pushed> {
  deps.metrics.pushes.inc({ result: 'later' });
  await putOff(push, because, afterMs, deps);
  return { kind: 'later', because, afterMs };
}

async function finish(push: PushRow, customerId: string, taskId: string, deps: Deps): Promise<Pushed> {
  await setCallPushed(push, customerId, taskId, deps);
  deps.metrics.pushes.inc({ result: 'pushed' });
  return { kind: 'done' };
}

async function giveUp(push: PushRow, errorClass: string, deps: Deps): Promise<Pushed> {
  await keepRefused(push, errorClass, deps);
  deps.metrics.pushes.inc({ result: 'refused' });
  return { kind: 'refused', errorClass };
}
