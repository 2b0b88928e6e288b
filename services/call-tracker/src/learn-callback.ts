import { resolveWhen } from '@leadline/agent-kit/resolve-when';
import { indianZone } from '@leadline/contracts/indian-time';
import type { CallbackAsked } from '@leadline/contracts/to-callback';

/** A buyer's request to be called back, and when it was said. `at` is null if the words name no single time. */
export type CallbackRequest = CallbackAsked & { saidAt: Date };

/** The request in `agent.ended`: only a time or words. */
type LastWord = { callbackAt: Date | null; callbackWords: string | null };

/**
 * The request that was said last counts; a repeated report changes nothing. Words without an instant are resolved for the
 * moment at which they were said.
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
 * A time in an agent's last report counts as a request too. If it only repeats the time of an earlier request, that request
 * stays with all its details.
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

/** The answer for a callback that a person makes: it makes a CRM task even of a call without other answers. */
export function toAnswerForSales({ at, words }: CallbackAsked): string {
  return words ?? at?.toISOString() ?? 'as soon as possible';
}
