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
  // Our key, not this task: everybody waits until it is put right.
  if (status === 401 || status === 403) return { kind: 'later', because: `http_${status}`, afterMs: 60_000 };
  if (status === 408 || status === 425 || status >= 500 || status < 400)
    return { kind: 'unclear', because: `http_${status}` };
  return { kind: 'refused', status };
}
