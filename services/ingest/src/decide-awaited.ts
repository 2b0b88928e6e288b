import type { ParsedLead } from './sources/parsed-lead.ts';

/** What the vendor said when it was asked for a lead; null: nothing that could be read. */
export type AwaitedAnswer = {
  status: number;
  /** The vendor's own code for its refusal. */
  code: number | null;
  retryAfterMs: number | null;
  lead: ParsedLead | null;
} | null;

export type AwaitedDecision =
  | { kind: 'take'; lead: ParsedLead }
  | { kind: 'later'; delayMs: number; error: string }
  | { kind: 'give_up'; error: string };

const firstDelayMs = 2_000;
const longestDelayMs = 3_600_000;
const giveUpAfterMs = 7 * 86_400_000;

/**
 * What follows from an answer. Nobody but time, or a person who mends the token, makes it better: asked for again, ever
 * more slowly, for a week. Only a lead that the vendor says does not exist is given up at once.
 */
export function decideAwaited(answer: AwaitedAnswer, attempts: number, ageMs: number): AwaitedDecision {
  if (answer !== null && answer.status === 200 && answer.lead !== null) return { kind: 'take', lead: answer.lead };
  const error = toError(answer);
  if (answer?.code === 100 || ageMs > giveUpAfterMs) return { kind: 'give_up', error };
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempts - 1, 20));
  return { kind: 'later', delayMs: Math.max(delayMs, Math.min(answer?.retryAfterMs ?? 0, longestDelayMs)), error };
}

function toError(answer: AwaitedAnswer): string {
  if (answer === null) return 'no answer';
  if (answer.code === 190) return 'the access token is missing, expired or wrong (190)';
  if (answer.code === 100) return 'there is no such lead, or the access token may not read it (100)';
  if (answer.code !== null) return `refused with code ${answer.code}`;
  return answer.status === 200 ? 'the answer holds no lead' : `answered ${answer.status}`;
}
