/** What a handler makes of a message; its return decides the message's fate. */
export type Outcome =
  | { kind: 'done' }
  /** Not now. `elsewhere`: the message is fine, something it needs is down; that never makes it a dead letter. */
  | { kind: 'later'; because: string; blame: 'message' | 'elsewhere'; delayMs?: number }
  /** Never: a dead letter at once. `because` goes into a header: no personal data. */
  | { kind: 'reject'; because: string };

export const done: Outcome = { kind: 'done' };

export function later(because: string, blame: 'message' | 'elsewhere', delayMs?: number): Outcome {
  return delayMs === undefined ? { kind: 'later', because, blame } : { kind: 'later', because, blame, delayMs };
}

export function reject(because: string): Outcome {
  return { kind: 'reject', because };
}
