/** How far a push has got, as its row says. */
export type PushState = {
  callStatus: string;
  sentAt: Date | null;
  emptyLooks: number;
  lastLookedAt: Date | null;
  nextTryAt: Date | null;
};

export type PushPolicy = { lookAgainMs: number; lookGapMs: number };

export type PushDecision =
  /** Pushed, or no longer to be pushed. */
  | { kind: 'nothing' }
  | { kind: 'wait'; until: Date }
  /** A task may exist from an unclear POST: look through all pages before anything else. */
  | { kind: 'look' }
  | { kind: 'create' };

const looksNeeded = 2;

/**
 * What to do next for a qualified call. After a POST without a clear answer only two empty looks, the first one late and
 * the second apart from it, allow another one: the CRM knows no idempotency.
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

/** What the CRM said, without its words. */
export type CrmAnswer =
  | { kind: 'ok'; body: unknown }
  /** A clear no: nothing was done, and the same request will be refused again. */
  | { kind: 'refused'; status: number }
  /** It says that there is one already: a search finds it, now or soon. */
  | { kind: 'conflict'; status: number }
  /** Nothing was done; ask later. */
  | { kind: 'later'; because: string; afterMs: number }
  /** It may or may not have been done. */
  | { kind: 'unclear'; because: string };

/** Reads an HTTP answer. A success whose body says otherwise is none, and proves nothing either way. */
export function decideAnswer(answer: { status: number; retryAfterMs: number | undefined; body: unknown }): CrmAnswer {
  const { status, retryAfterMs, body } = answer;
  if (status >= 200 && status < 300) {
    const denies = typeof body !== 'object' || body === null || ('success' in body && body.success !== true);
    return denies ? { kind: 'unclear', because: 'success_without_success' } : { kind: 'ok', body };
  }
  if (status === 429) return { kind: 'later', because: 'rate_limited', afterMs: retryAfterMs ?? 30_000 };
  // Our key, our account or our address, not this task: everybody waits until it is put right.
  if ([401, 402, 403, 405].includes(status)) return { kind: 'later', because: `http_${status}`, afterMs: 60_000 };
  if (status === 408 || status === 425 || status >= 500 || status < 400)
    return { kind: 'unclear', because: `http_${status}` };
  if (status === 409 || saysOneExists(status, body)) return { kind: 'conflict', status };
  return { kind: 'refused', status };
}

/** Some say in words what 409 is for. */
function saysOneExists(status: number, body: unknown): boolean {
  return (status === 400 || status === 422) && /already (?:exist|register|present)|duplicate/i.test(messageOf(body));
}

/**
 * Whether a 404 to a search says that it found nobody, in words of what was searched for. Without such words it is an
 * address that is wrong.
 */
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

/** A CRM that goes on saying that there is one, and never finds it, is asked so often. */
const maxConflicts = 6;
/** A task may be there each time: its looks are far apart, and a few are enough. */
const maxTaskConflicts = 3;

/**
 * What follows when the CRM says that a customer or a task is there already, or that the customer is not any more: the
 * search of the next try finds out. Two calls of one buyer that end together, or an index that lags behind, are enough
 * for it.
 * @param conflicts how often in a row, this time too
 */
export function decideConflict(
  what: 'customer' | 'task',
  conflicts: number,
  policy: PushPolicy,
): { kind: 'look'; afterMs: number } | { kind: 'give_up' } {
  if (conflicts > (what === 'customer' ? maxConflicts : maxTaskConflicts)) return { kind: 'give_up' };
  return { kind: 'look', afterMs: what === 'task' ? policy.lookAgainMs : growing(conflicts, policy) };
}

/** When to ask for a customer again after a POST without a clear answer: a search that lags must not make a second one. */
export function toPatience(posts: number, policy: PushPolicy): number {
  return growing(posts, policy);
}

function growing(times: number, { lookGapMs }: PushPolicy): number {
  return Math.max(1_000, Math.min(5_000 * 2 ** Math.min(times - 1, 10), 2 * lookGapMs));
}
