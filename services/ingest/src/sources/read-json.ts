import { textNestsTooDeep } from '../intake/nesting.ts';
import { mendJson } from './mend-json.ts';

/** A JSON value in which numbers stay text, as the sender wrote them. */
export type Written = string | boolean | null | Written[] | { [key: string]: Written };

export type WrittenRecord = Record<string, Written>;

/** We have seen JSON inside JSON inside JSON, but nothing deeper. */
const maxWraps = 3;

/**
 * Reads JSON and keeps each number as written: a double would round an id of 17 digits and drop a phone number's zeros,
 * and we must recognise a spreadsheet's 9.87654E+09. If the text is no JSON, reads it as `mendJson` repairs it, and
 * unpacks JSON that came as a text.
 * @returns undefined when it is no JSON, or nests deeper than `maxLevels`
 */
export function readJson(text: string): Written | undefined {
  let value = parse(text);
  for (let wraps = 0; wraps < maxWraps && typeof value === 'string' && isJsonText(value); wraps++)
    value = parse(value) ?? value;
  return value;
}

/** The list or record that a text holds as JSON; else the text itself. */
export function unpackJson(text: string): Written {
  if (!isJsonText(text)) return text;
  const value = readJson(text);
  return typeof value === 'object' && value !== null ? value : text;
}

export function isRecord(value: Written | undefined): value is WrittenRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A record's own field; undefined where it is no record. */
export function fieldOf(record: Written | undefined, name: string): Written | undefined {
  return isRecord(record) ? Object.entries(record).find(([key]) => key === name)?.[1] : undefined;
}

function isJsonText(text: string): boolean {
  return /^\s*[[{"]/.test(text);
}

function parse(text: string): Written | undefined {
  // Check the depth first: JSON.parse takes far longer over endless brackets than counting them.
  if (textNestsTooDeep(text)) return undefined;
  return parseStrictly(text) ?? parseStrictly(mendJson(text));
}

function parseStrictly(text: string): Written | undefined {
  try {
    return JSON.parse(text, keepNumbersAsWritten);
  } catch {
    return undefined;
  }
}

function keepNumbersAsWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}
