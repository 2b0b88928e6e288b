import { meansNothing } from './means-nothing.ts';
import { cutText, repairText } from './plain-text.ts';
import type { Answers } from './qualification.ts';

/** Bounds of one report. Beyond them an answer is cut or dropped; the rest counts. */
export const maxKeyCharacters = 200;
export const maxAnswerCharacters = 20_000;
export const maxAnswers = 200;
export const maxReportCharacters = 200_000;

const deepestNesting = 8;

/** What happened to an answer that could not be kept as it came. */
export type AnswerFault = { key: string; outcome: 'dropped' | 'cut'; detail: string };

/**
 * Turns answers into texts by key: lists, objects and JSON texts become readable text. Drops answers that say nothing,
 * and what exceeds the bounds, and lists the latter in `faults`. Never throws.
 */
export function toAnswers(
  reported: Readonly<Record<string, unknown>>,
  { maxCharacters } = { maxCharacters: maxReportCharacters },
): { answers: Answers; faults: AnswerFault[] } {
  const kept = new Map<string, string>();
  const faults: AnswerFault[] = [];
  let characters = 0;
  for (const [key, value] of Object.entries(reported)) {
    const text = toText(value, 0, key);
    if (text === '') continue;
    const name = toKey(key);
    const known = kept.get(name);
    const whole = known === undefined || known === text ? text : `${known}; ${text}`;
    const fitting = cutText(whole, Math.min(maxAnswerCharacters, maxCharacters - characters));
    if ((known === undefined && kept.size >= maxAnswers) || fitting === '') {
      faults.push({ key, outcome: 'dropped', detail: 'the report holds too much' });
      continue;
    }
    if (fitting.length < whole.length) faults.push({ key, outcome: 'cut', detail: 'the answer is too long' });
    kept.set(name, fitting);
    characters += fitting.length - (known?.length ?? 0);
  }
  return { answers: Object.fromEntries(kept), faults };
}

/** A key that every reader accepts: not empty, bounded, and not the name of an object's own property. */
function toKey(key: string): string {
  const repaired = cutText(repairText(key).trim(), maxKeyCharacters).trim();
  if (repaired === '') return 'answer';
  return repaired === '__proto__' ? 'proto' : repaired;
}

/** A value as readable text; empty if it says nothing. */
export function toAnswerText(value: unknown): string {
  return toText(value, 0, '');
}

/** `about`: its key, whose words alone say nothing: "budget not mentioned". */
function toText(value: unknown, depth: number, about: string): string {
  if (depth > deepestNesting && typeof value === 'object' && value !== null) return '…';
  switch (typeof value) {
    case 'string': {
      const text = repairText(value).trim();
      const unpacked = unpackJson(text);
      if (unpacked !== undefined) return toText(unpacked, depth + 1, about);
      return meansNothing(text, about) ? '' : text;
    }
    case 'number':
      return Number.isFinite(value) ? String(value) : '';
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object': {
      if (value === null) return '';
      if (Array.isArray(value)) return joined(value.map((item) => toText(item, depth + 1, about)));
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
      return joined(
        Object.entries(value).map(([key, item]) => {
          const text = toText(item, depth + 1, key);
          return text === '' ? '' : `${toLabel(key)}: ${text}`;
        }),
      );
    }
    case 'undefined':
    case 'function':
    case 'symbol':
      return '';
  }
}

function joined(parts: readonly string[]): string {
  const given = parts.filter((part) => part !== '');
  return given.join(given.some((part) => part.includes(', ')) ? '; ' : ', ');
}

function toLabel(key: string): string {
  return repairText(key).replaceAll('_', ' ').trim();
}

/** A model's tool call often passes lists and objects as text. */
function unpackJson(text: string): unknown {
  if (!/^[[{].*[\]}]$/s.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
