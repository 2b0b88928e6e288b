/** A handler's verdict on a message. */
export type Outcome =
  | { kind: 'done' }
  /**
   * Try again later. `elsewhere`: the message is fine, but something that it needs is down; that never makes it a dead
   * letter.
   */
  | { kind: 'later'; because: string; blame: 'message' | 'elsewhere'; delayMs?: number }
  /** A dead letter at once. `because` goes into a header, so it must hold no personal data. */
  | { kind: 'reject'; because: string };

export const done: Outcome = { kind: 'done' };

export function later(because: string, blame: 'message' | 'elsewhere', delayMs?: number): Outcome {
  return delayMs === undefined ? { kind: 'later', because, blame } : { kind: 'later', because, blame, delayMs };
}

export function reject(because: string): Outcome {
  return { kind: 'reject', because };
}
