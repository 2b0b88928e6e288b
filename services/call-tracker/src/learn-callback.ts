import { resolveWhen } from '@leadline/agent-kit/resolve-when';
import { indianZone } from '@leadline/contracts/indian-time';
import type { CallbackAsked } from '@leadline/contracts/to-callback';

/** When a buyer asked to be called back, and when that was said. `at` null: the words name no one time. */
export type CallbackRequest = CallbackAsked & { saidAt: Date };

/** What `agent.ended` says of it: a time or words, and nothing else. */
type LastWord = { callbackAt: Date | null; callbackWords: string | null };

/**
 * The latest request of a call counts, by the time at which it was said; one that comes twice changes nothing. Words
 * without an instant are read as they were meant when they were said.
 */
export function learnCallback(
  known: CallbackRequest | null,
  asked: CallbackAsked,
  saidAt: Date,
): CallbackRequest | null {
  if (known !== null && saidAt <= known.saidAt) return known;
  return { ...toTimed(asked, saidAt), saidAt };
}

/**
 * An agent's last word means the same as a request. Where it only repeats the time of one, that one goes on with all that
 * is known of it.
 */
export function learnLastWord(
  known: CallbackRequest | null,
  { callbackAt, callbackWords }: LastWord,
  saidAt: Date,
): CallbackRequest | null {
  if (callbackAt === null && callbackWords === null) return known;
  const before = known ?? {
    precision: 'exact' as const,
    confirmed: false,
    askedBy: 'buyer' as const,
    keptBy: 'agent' as const,
  };
  const asked = toTimed({ ...before, at: callbackAt, words: callbackWords }, saidAt);
  const isRepeat = known !== null && (asked.at === null || asked.at.getTime() === known.at?.getTime());
  return isRepeat ? known : learnCallback(known, asked, saidAt);
}

function toTimed(asked: CallbackAsked, saidAt: Date): CallbackAsked {
  if (asked.at !== null || asked.words === null) return asked;
  const when = resolveWhen(asked.words, saidAt, indianZone);
  return when.kind === 'time' ? { ...asked, at: when.at, precision: when.precision } : asked;
}

/** A person keeps it, so a task must tell the sales team: these words make one of a call without other answers. */
export function toAnswerForSales({ at, words }: CallbackAsked): string {
  return words ?? at?.toISOString() ?? 'as soon as possible';
}
