import { readDisposition, readLanguage, type Disposition } from './disposition.ts';
import { meansNothing } from './means-nothing.ts';

export type ReadOutcome = {
  disposition: Disposition | undefined;
  language: string | undefined;
  /** Something was told that can't be read. */
  unread: ('disposition' | 'language')[];
};

/** Reads a disposition and a language in whatever a program or a language model writes; never throws. */
export function readOutcome(told: { disposition: unknown; language: unknown }): ReadOutcome {
  const [disposition, ...rest] = textsIn(told.disposition);
  const read = [disposition, ...rest].flatMap((text) => (text === undefined ? [] : (readDisposition(text) ?? [])))[0];
  const beside = nameOfLanguage(told.disposition);
  const languages = [...textsIn(told.language), ...textsIn(beside)];
  const language = languages.flatMap((text) => readLanguage(text) ?? [])[0] ?? read?.language;
  const says = (texts: readonly string[]): boolean => texts.some((text) => !meansNothing(text));
  return {
    disposition: read?.disposition,
    language,
    unread: [
      ...(read === undefined && (says(textsIn(told.disposition)) || isOddValue(told.disposition))
        ? (['disposition'] as const)
        : []),
      ...(language === undefined && says(languages) ? (['language'] as const) : []),
    ],
  };
}

/** No text, and not nothing either: 7, true. */
function isOddValue(value: unknown): boolean {
  return typeof value === 'number' || value === true;
}

/** The texts of a value, of a list or of an object's fields, not deeper. */
export function textsIn(value: unknown): string[] {
  const values: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [value];
  return values.filter((one) => typeof one === 'string');
}

/** `{ "value": "language_barrier", "language": "Tamil" }` */
function nameOfLanguage(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase().includes('lang'))?.[1];
}
