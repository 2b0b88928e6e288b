import { z } from 'zod';
import { toPlainWords } from './answered-by.ts';
import { meansNothing } from './means-nothing.ts';
import { withoutSlips } from './slips-between.ts';

/** What became of a talk, in the agent's judgement, beside the call's status. */
export const dispositions = z.enum([
  'interested',
  'not_interested',
  'wrong_number',
  'bought_elsewhere',
  'language_barrier',
  'call_later',
  'do_not_call',
  'no_conversation',
]);
export type Disposition = z.infer<typeof dispositions>;

export const maxLanguageCharacters = 40;

const list = (text: string): string[] => text.trim().split(/\s*\n\s*|\s*, */);

/** What language models and other platforms write for it. */
const otherWords: [Disposition, string[]][] = [
  [
    'interested',
    list(`hot, hot lead, warm, warm lead, very interested, highly interested, positive, qualified, qualified lead, lead qualified
      customer interested, buyer interested, is interested, shows interest, keen, ready to buy, wants a quote, wants quotation`),
  ],
  [
    'not_interested',
    list(`no interest, uninterested, disinterested, declined, refused, rejected, customer not interested, is not interested, not interested now
      not interested anymore, not required, no requirement, not needed, no need, does not need it, doesnt need it, negative, cold, cold lead, not qualified
      unqualified, disqualified, nahi chahiye, nahin chahiye, zaroorat nahi, zarurat nahi, नहीं चाहिए, रुचि नहीं`),
  ],
  [
    'wrong_number',
    list(`wrong no, wrong person, wrong contact, wrong party, incorrect number, incorrect person, invalid contact, number wrong, not the right person, not the person
      number belongs to someone else, unknown person, galat number, galat no, गलत नंबर`),
  ],
  [
    'bought_elsewhere',
    list(`already bought, already purchased, purchased elsewhere, bought from elsewhere, bought from someone else, bought from competitor, purchased from competitor
      purchased already, bought already, has bought, already ordered, ordered elsewhere, went with competitor, chose competitor, lost to competitor
      le liya, kharid liya, khareed liya`),
  ],
  [
    'language_barrier',
    list(`language, language issue, language problem, language mismatch, different language, other language, language not supported, unsupported language
      language not understood, did not understand language, bhasha`),
  ],
  [
    'call_later',
    list(`later, call back, callback, call back later, callback later, call again later, call again, call me later, callback requested, call back requested
      requested callback, requested call back, wants callback, wants a callback, busy, busy now, customer busy, follow up, followup, follow up later, not now, another time, rescheduled
      reschedule, baad mein, baad me, baad mein call karo, बाद में`),
  ],
  [
    'do_not_call',
    list(`dnc, dnd, ndnc, dont call, dont call again, do not call again, do not disturb, never call, never call again, no more calls, opt out, opted out, optout
      unsubscribe, unsubscribed, remove from list, stop calling`),
  ],
  [
    'no_conversation',
    list(`no answer, no answers, no response, no reply, no talk, no speech, silence, silent, dead air, nobody spoke, did not speak, hung up, hang up, hangup, hung up early
      disconnected, call disconnected, call dropped, dropped, cut the call, call cut, unanswered, not answered, voicemail, answering machine, machine, abandoned`),
  ],
];
const dispositionOfWords = new Map<string, Disposition>(
  otherWords.flatMap(([one, words]) =>
    [one.replaceAll('_', ' '), ...words].map((word): [string, Disposition] => [word, one]),
  ),
);

const vocabulary = new Set([...dispositionOfWords.keys()].flatMap((words) => words.split(' ')));

function lookUp(text: string): Disposition | undefined {
  return dispositionOfWords.get(withoutSlips(toPlainWords(text.slice(0, 300)), vocabulary));
}

/** @returns undefined where the text names none. What stands behind it in brackets, or after a colon or a dash, is a reason. */
export function readDisposition(text: string): { disposition: Disposition; language: string | undefined } | undefined {
  const whole = lookUp(text);
  if (whole !== undefined) return { disposition: whole, language: undefined };
  const [, head = '', behind = ''] =
    /^([^:;,.()[\]/–—|]+?)\s*(?:[:;,.()[\]/–—|]|\s-)+\s*(.*)$/s.exec(text.trim()) ?? [];
  const disposition = lookUp(head);
  if (disposition === undefined) return undefined;
  return { disposition, language: disposition === 'language_barrier' ? readLanguage(behind) : undefined };
}

/** A language by its name or its tag: letters only, for it goes into the next agent's job. @returns undefined for anything else */
export function readLanguage(text: string): string | undefined {
  const language = text.trim().replaceAll(/^[\s([{"']+|[\s)\]}"'.]+$/g, '');
  if (language.length > maxLanguageCharacters || meansNothing(language)) return undefined;
  return /^\p{L}[\p{L}\p{M} /,-]*$/u.test(language) ? language : undefined;
}
