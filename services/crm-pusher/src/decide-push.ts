/** A push's progress, as its row has it. */
export type PushState = {
  callStatus: string;
  sentAt: Date | null;
  emptyLooks: number;
  lastLookedAt: Date | null;
  nextTryAt: Date | null;
};

export type PushPolicy = { lookAgainMs: number; lookGapMs: number };

export type PushDecision =
  /** It is pushed, or must not be pushed any more. */
  | { kind: 'nothing' }
  | { kind: 'wait'; until: Date }
  /** An unclear POST may have created a task: look through all pages before anything else. */
  | { kind: 'look' }
  | { kind: 'create' };

const looksNeeded = 2;

/**
 * The next step for a qualified call. After a POST without a clear answer we POST again only after two empty looks, the
 * first one late and the second some time after it, because the CRM has no idempotency.
 */
export function decidePush(push: PushState, now: Date, policy: PushPolicy): PushDecision {
  if (push.callStatus !== 'called') return { kind: 'nothing' };
  if (push.nextTryAt !== null && push.nextTryAt > now) return { kind: 'wait', until: push.nextTryAt };
  if (push.sentAt === null || push.emptyLooks >= looksNeeded) return { kind: 'create' };
  const lookAt =
    push.lastLookedAt === null || push.emptyLooks === 0
      ? new Date(push.sentAt.getTime() + policy.lookAgainMs)
      : new Date(push.lastLookedAt.getTime() + policy.lookGapMs);
  return lookAt > now ? { kind: 'wait', until: lookAt } : { kind: 'look' };
}

/** The CRM's answer, without its words. */
export type CrmAnswer =
  | { kind: 'ok'; body: unknown }
  /** A clear no: nothing was done, and the same request would be refused again. */
  | { kind: 'refused'; status: number }
  /** The CRM says that it exists already: a search finds it, now or soon. */
  | { kind: 'conflict'; status: number }
  /** Nothing was done; try again later. */
  | { kind: 'later'; because: string; afterMs: number }
  /** It may or may not have been done. */
  | { kind: 'unclear'; because: string };

/** Reads an HTTP answer. A success whose body reports a failure is unclear. */
export function decideAnswer(answer: { status: number; retryAfterMs: number | undefined; body: unknown }): CrmAnswer {
  const { status, retryAfterMs, body } = answer;
  if (status >= 200 && status < 300) {
    const denies = typeof body !== 'object' || body === null || ('success' in body && body.success !== true);
    return denies ? { kind: 'unclear', because: 'success_without_success' } : { kind: 'ok', body };
  }
  if (status === 429) return { kind: 'later', because: 'rate_limited', afterMs: retryAfterMs ?? 30_000 };
  // Our key, account or address is wrong, not this task: all pushes wait until somebody corrects it.
  if ([401, 402, 403, 405].includes(status)) return { kind: 'later', because: `http_${status}`, afterMs: 60_000 };
  if (status === 408 || status === 425 || status >= 500 || status < 400)
    return { kind: 'unclear', because: `http_${status}` };
  if (status === 409 || saysOneExists(status, body)) return { kind: 'conflict', status };
  return { kind: 'refused', status };
}

/** Whether the CRM says in words what 409 means. */
function saysOneExists(status: number, body: unknown): boolean {
  return (status === 400 || status === 422) && /already (?:exist|register|present)|duplicate/i.test(messageOf(body));
}

/** Whether a 404 to a search says in words that it found nobody. Without such words our address is wrong. */
export function saysNothingFound(answer: { status: number; body: unknown }, what: 'customer' | 'task'): boolean {
  const thing = `(?:${what}|record|result)s?`;
  const words = new RegExp(`\\bno (?:\\w+ )?${thing}\\b|\\b${thing} (?:was |were )?not found`, 'i');
  return answer.status === 404 && words.test(messageOf(answer.body));
}

function messageOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const message = 'message' in body ? body.message : 'error' in body ? body.error : '';
  return typeof message === 'string' ? message : '';
}

/** How often we try again when the CRM says that a customer exists, and search in vain. */
const maxConflicts = 6;
/** Fewer for a task, because the looks for it are far apart. */
const maxTaskConflicts = 3;

/**
 * What to do when the CRM says that a customer or task exists already, or that a customer no longer exists: the next
 * try searches. Two calls of one buyer that end together, or a lagging index, are enough to cause it.
 * @param conflicts conflicts in a row, this one included
 */
export function decideConflict(
  what: 'customer' | 'task',
  conflicts: number,
  policy: PushPolicy,
): { kind: 'look'; afterMs: number } | { kind: 'give_up' } {
  if (conflicts > (what === 'customer' ? maxConflicts : maxTaskConflicts)) return { kind: 'give_up' };
  return { kind: 'look', afterMs: what === 'task' ? policy.lookAgainMs : growing(conflicts, policy) };
}

/**
 * When to try a customer again after a POST without a clear answer: long enough that a lagging search does not make us
 * create a second one.
 */
export function toPatience(posts: number, policy: PushPolicy): number {
  return growing(posts, policy);
}

function growing(times: number, { lookGapMs }: PushPolicy): number {
  return Math.max(1_000, Math.min(5_000 * 2 ** Math.min(times - 1, 10), 2 * lookGapMs));
}
