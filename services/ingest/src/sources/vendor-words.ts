import { toPlainText } from './to-plain-text.ts';

/** The meaning of a vendor's words in place of enquiries. */
export type SaidInstead =
  /** Nobody has enquired. */
  | { kind: 'nothing' }
  /** We asked too often or too early. */
  | { kind: 'limited'; detail: string; retryAfterMs?: number }
  /** Refused until somebody corrects our key or request. */
  | { kind: 'refused'; detail: string }
  /** Unknown words: a failure, and never "nothing". */
  | { kind: 'unreadable'; detail: string };

/**
 * Checked in this order, because words may say two things: "No records: your key has expired" is a refusal. Collected
 * from vendors' answers and from what their connectors look for; docs/build/lead-sources.md has the same table.
 */
const meanings: readonly { kind: SaidInstead['kind']; words: RegExp }[] = [
  { kind: 'limited', words: /too many|too frequent|rate limit|limit (?:is |was )?(?:exceeded|reached|crossed)|quota/i },
  { kind: 'limited', words: /crossed this limit|exceeded the limit|once in (?:every )?\d+|throttl/i },
  { kind: 'limited', words: /(?:try|come) again (?:after|in|later)|after (?:some|\d+) ?(?:time|minutes?|hours?)/i },
  { kind: 'limited', words: /not (?:yet )?(?:ready|processed)|not available yet|not yet available/i },
  {
    kind: 'refused',
    words: /invalid|incorrect|wrong|not (?:valid|authori[sz]ed|permitted|allowed|registered|active)/i,
  },
  { kind: 'refused', words: /unauthori[sz]ed|forbidden|denied|expired|inactive|disabled|blocked|suspended|log ?in/i },
  { kind: 'refused', words: /required|missing|mismatch|subscri|renew|upgrade/i },
  { kind: 'nothing', words: /\bno (?:\w+ ){0,3}(?:inquir|enquir|record|lead|data|result)/i },
  {
    kind: 'nothing',
    words: /(?:inquir|enquir|record|lead|data|result)\w* (?:is |are |was |were )?not (?:found|available)/i,
  },
  { kind: 'nothing', words: /\bnothing (?:new|found)|\b(?:0|zero) (?:new )?(?:inquir|enquir|record|lead|result)/i },
];

const maxCharacters = 200;

/** What these words mean; `otherwise` if we do not know them. The detail keeps the vendor's words. */
export function decideSaid(words: string, otherwise: 'refused' | 'unreadable'): SaidInstead {
  const shown = toTellable(words);
  const detail = `answered "${shown}"`;
  const kind = meanings.find((meaning) => meaning.words.test(words))?.kind ?? otherwise;
  if (kind === 'nothing') return { kind };
  if (kind !== 'limited') return { kind, detail };
  const [, minutes] = /(\d{1,3}) ?min/i.exec(words) ?? [];
  // Don't wait for hours: new enquiries would wait as well.
  return { kind, detail, ...(minutes === undefined ? {} : { retryAfterMs: Number(minutes) * 60_000 }) };
}

/** Shortens the words for people, and removes what may be a number, an address or a key. */
function toTellable(words: string): string {
  const plain = words.replaceAll(/\s+/g, ' ').trim();
  const masked = plain.replaceAll(/\S+@\S+/g, '…').replaceAll(/\+?\d[\d -]{5,}\d/g, '…');
  return masked.length <= maxCharacters ? masked : `${masked.slice(0, maxCharacters).toWellFormed()}…`;
}

/**
 * The words of a text that is no JSON; undefined where it has none that we may show: half an answer, which may hold
 * people's numbers, or an HTML page.
 */
export function readWords(text: string): string | undefined {
  const start = text.trim();
  if (/^[[{]|[[{]\s*["{]|<(?:!doctype|html|head|body|script)/i.test(start)) return undefined;
  const words = toPlainText(start.slice(0, 2_000));
  return words === '' ? undefined : words;
}
