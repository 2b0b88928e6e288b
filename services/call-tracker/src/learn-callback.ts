import { resolveWhen } from '@leadline/agent-kit/resolve-when';
import { indianZone } from '@leadline/contracts/indian-time';
import type { CallbackAsked } from '@leadline/contracts/to-callback';

type SaidCallback = CallbackAsked & { saidAt: Date };
/** The request in `agent.ended`: only a time or words. */
type LastWord = { callbackAt: Date | null; callbackWords: string | null };

/**
 * A buyer's request to be called back, and when it was said. `at` is null if the words name no single time. `said`: the
 * newest request and the newest last word from which it follows, so that it is the same in whatever order they arrive.
 */
export type CallbackRequest = SaidCallback & {
  said?: { request: SaidCallback | null; lastWord: (LastWord & { saidAt: Date }) | null } | undefined;
};

/**
 * The request that was said last counts; a repeated report changes nothing. Words without an instant are resolved for the
 * moment at which they were said.
 */
export function learnCallback(known: CallbackRequest | null, asked: CallbackAsked, saidAt: Date): CallbackRequest {
  const { request, lastWord } = saidOf(known);
  return combined(known, { request: newer(request, { ...toTimed(asked, saidAt), saidAt }), lastWord });
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
  const { request, lastWord } = saidOf(known);
  return combined(known, { request, lastWord: newer(lastWord, { callbackAt, callbackWords, saidAt }) });
}

type Said = NonNullable<CallbackRequest['said']>;

function saidOf(known: CallbackRequest | null): Said {
  if (known === null) return { request: null, lastWord: null };
  const { said, ...request } = known;
  return said ?? { request, lastWord: null };
}

function combined(known: CallbackRequest | null, said: Said): CallbackRequest {
  if (known !== null && JSON.stringify(saidOf(known)) === JSON.stringify(said)) return known;
  const { request, lastWord } = said;
  const moved = lastWord === null ? null : movedBy(request, lastWord);
  const counts = moved ?? request;
  if (counts === null) throw new Error('nothing was said');
  return lastWord === null ? counts : { ...counts, said };
}

/** What the last word makes of the request before it; null if it says nothing new. */
function movedBy(request: SaidCallback | null, { callbackAt, callbackWords, saidAt }: NonNullable<Said['lastWord']>) {
  const before = request ?? {
    precision: 'exact' as const,
    confirmed: false,
    askedBy: 'buyer' as const,
    keptBy: 'agent' as const,
  };
  const told = { ...toTimed({ ...before, at: callbackAt, words: callbackWords }, saidAt), saidAt };
  if (request === null) return told;
  const isRepeat = told.at === null || told.at.getTime() === request.at?.getTime();
  return isRepeat || saidAt <= request.saidAt ? null : told;
}

/** The time of a call's request as it was told: words stand for themselves where only a last word named them. */
export function toToldTime(callback: CallbackRequest): { callbackAt: Date | null; callbackWords: string | null } {
  const { at, words, saidAt, said } = callback;
  const { lastWord = null } = said ?? {};
  const isLastWord =
    lastWord?.saidAt.getTime() === saidAt.getTime() && said?.request?.saidAt.getTime() !== saidAt.getTime();
  if (lastWord !== null && isLastWord) {
    const { callbackAt, callbackWords } = lastWord;
    return { callbackAt, callbackWords };
  }
  return { callbackAt: at, callbackWords: at === null ? words : null };
}

/** The one that was said later. For two of the same moment the choice is always the same. */
function newer<T extends { saidAt: Date }>(known: T | null, told: T): T {
  if (known === null) return told;
  const later = told.saidAt.getTime() - known.saidAt.getTime();
  return later > 0 || (later === 0 && JSON.stringify(told) > JSON.stringify(known)) ? told : known;
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
