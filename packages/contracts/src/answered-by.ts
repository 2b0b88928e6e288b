import { z } from 'zod';
import { withoutSlips } from './slips-between.ts';

/**
 * Who or what took the call. `uncertain` counts as a person. `screener`: a phone's own assistant that asks who calls.
 * `announcement`: a network's words, such as "switched off".
 */
export const answeredByCategories = z.enum(['human', 'voicemail', 'ivr', 'screener', 'announcement', 'uncertain']);
export type AnsweredByCategory = z.infer<typeof answeredByCategories>;

export const machines: readonly AnsweredByCategory[] = ['voicemail', 'ivr', 'screener', 'announcement'];

export function isMachine(category: AnsweredByCategory | null): boolean {
  return category !== null && machines.includes(category);
}

const list = (text: string): string[] => text.trim().split(/\s*\n\s*|\s*, */);

/** LiveKit's words for it, and those of other platforms. */
const otherWords: [AnsweredByCategory, string[]][] = [
  [
    'human',
    list(
      `person, live person, live human, live, people, customer, callee, buyer, user, caller, human answered, human detected`,
    ),
  ],
  [
    'voicemail',
    list(`machine vm, vm, voice mail, voicemail box, mailbox, machine, answering machine, answer machine, amd machine, machine start
      machine end beep, machine end silence, machine end other, machine detected, machine greeting, machine voicemail, beep`),
  ],
  ['ivr', list(`machine ivr, phone menu, menu, phone tree, auto attendant, autoattendant, interactive voice response`)],
  [
    'screener',
    list(
      `call screener, screening, call screening, call screen, call assistant, machine screener, machine screening, google call screen, truecaller assistant`,
    ),
  ],
  [
    'announcement',
    list(`machine unavailable, unavailable, network announcement, operator announcement, switched off, not reachable, out of coverage
      out of service, recorded announcement, recording, intercept, machine announcement`),
  ],
  ['uncertain', list(`unknown, unsure, not sure, undetermined, unclear, undecided, timeout, none, no verdict`)],
];
const categoryOfWords = new Map<string, AnsweredByCategory>(
  otherWords.flatMap(([category, words]) =>
    [category, ...words].map((word): [string, AnsweredByCategory] => [word, category]),
  ),
);

const vocabulary = new Set([...categoryOfWords.keys()].flatMap((words) => words.split(' ')));
/** Whatever is longer is a story and no verdict. */
const maxVerdictWords = 6;

/** @returns undefined where the text names none, or several */
export function readAnsweredBy(text: string): AnsweredByCategory | undefined {
  const words = withoutSlips(toPlainWords(text.slice(0, 300)), vocabulary);
  const whole = categoryOfWords.get(words);
  if (whole !== undefined) return whole;
  if (words.split(' ').length > maxVerdictWords || /\b(?:no|not|nor|or|never|isnt|non)\b/.test(words)) return undefined;
  // "Voicemail greeting", "IVR system (sure)".
  const named = [...categoryOfWords].filter(([known]) => ` ${words} `.includes(` ${known} `));
  // "Call screening" says more than the "call" or "machine" within it.
  const longest = named.filter(([known]) => !named.some(([other]) => other !== known && other.includes(known)));
  const categories = new Set(longest.map(([, category]) => category));
  return categories.size === 1 ? longest[0]?.[1] : undefined;
}

/** Lower case, words apart, however they were joined: `machineEndBeep`, `machine_end_beep`, "Machine end-beep". */
export function toPlainWords(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .replaceAll(/[’‘ʼ`´']/g, '')
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}
