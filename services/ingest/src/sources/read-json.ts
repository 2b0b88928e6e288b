import { textNestsTooDeep } from '../intake/nesting.ts';
import { mendJson } from './mend-json.ts';

/** A JSON value in which numbers are text, as the sender wrote them. */
export type Written = string | boolean | null | Written[] | { [key: string]: Written };

export type WrittenRecord = Record<string, Written>;

/** JSON inside of JSON inside of JSON has been seen, and no more. */
const maxWraps = 3;

/**
 * Reads JSON and keeps each number as it is written: an id of 17 digits would be rounded, a phone number sent as a
 * number would lose its zeros, and a spreadsheet's 9.87654E+09 must be seen as such. What is no JSON is read again as
 * `mendJson` mends it, and JSON that came as a text is unpacked.
 * @returns undefined when it is not JSON, or nested deeper than `maxLevels`
 */
export function readJson(text: string): Written | undefined {
  let value = parse(text);
  for (let wraps = 0; wraps < maxWraps && typeof value === 'string' && isJsonText(value); wraps++)
    value = parse(value) ?? value;
  return value;
}

/** The list or record that a text is the JSON of; the text itself where it is none. */
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
  // Asked first: what engines do with brackets without end takes them far longer than to count.
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
