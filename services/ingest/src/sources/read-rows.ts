import { readJson, type Written } from './read-json.ts';

type WrittenRow = Record<string, Written>;

export type PulledBody =
  /** `beside`: the object around the rows; empty where there is none. */
  | { kind: 'rows'; rows: WrittenRow[]; beside: WrittenRow }
  /** JSON, and no list of anything in it: what the vendor says instead. */
  | { kind: 'said'; body: WrittenRow }
  /** A page for people, or nothing that can be read. */
  | { kind: 'unreadable' };

/** Names under which vendors have been seen to wrap their rows. */
const wrappers = [
  'response',
  'data',
  'result',
  'results',
  'records',
  'inquiries',
  'enquiries',
  'leads',
  'rows',
  'list',
];
const deepest = 3;
const mostStarts = 20;

/**
 * The rows in a vendor's answer: a bare array, an array inside of an object, either with something in front of the JSON
 * or behind it. Numbers stay as they are written.
 */
export function readRows(text: string): PulledBody {
  const body = readSomewhere(text.trim());
  if (body === undefined) return { kind: 'unreadable' };
  const rows = findRows(body, 0);
  if (rows !== undefined) return { kind: 'rows', rows, beside: isRow(body) ? body : {} };
  return isRow(body) ? { kind: 'said', body } : { kind: 'unreadable' };
}

/** The first piece of the text that is JSON with objects in it, or is an empty list. */
function readSomewhere(text: string): Written | undefined {
  const whole = readJson(text);
  if (whole !== undefined) return typeof whole === 'object' && whole !== null ? whole : undefined;
  let start = -1;
  for (let tries = 0; tries < mostStarts; tries++) {
    start = indexOfEither(text, start + 1);
    if (start === -1) return undefined;
    const end = text.lastIndexOf(text[start] === '[' ? ']' : '}');
    const found = end > start ? readJson(text.slice(start, end + 1)) : undefined;
    if (Array.isArray(found) ? found.every(isRow) : isRow(found)) return found;
  }
  return undefined;
}

function indexOfEither(text: string, from: number): number {
  const found = /[[{]/.exec(text.slice(from));
  return found === null ? -1 : from + found.index;
}

function findRows(body: Written, depth: number): WrittenRow[] | undefined {
  if (Array.isArray(body)) return body.filter(isRow);
  if (!isRow(body) || depth === deepest) return undefined;
  const fields = Object.entries(body);
  for (const wrapper of wrappers) {
    const inner = fields.find(([name]) => name.toLowerCase() === wrapper)?.[1];
    const rows = inner === undefined || typeof inner !== 'object' ? undefined : findRows(inner, depth + 1);
    if (rows !== undefined) return rows;
    // One enquiry may come without a list around it.
    if (isRow(inner) && Object.keys(inner).length > 2) return [inner];
  }
  return undefined;
}

function isRow(value: Written | undefined): value is WrittenRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
