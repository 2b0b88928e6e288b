import { unreadable } from './adapter.ts';
import type { RawDelivery } from './adapter.ts';
import { readFields, readForm, type Fields } from './read-fields.ts';
import { readJson, type Written } from './read-json.ts';
import type { Fault } from '../lead-schema.ts';

type Submission = { ok: true; records: Fields[] } | { ok: false; faults: Fault[] };

/**
 * What was submitted, whichever way: a query, a form, a form in parts, or JSON with one record or several. What the
 * Content-Type says is not relied on. Fields of the query are there beside those of the body, which win.
 */
export function readSubmission({ query, contentType, text }: RawDelivery): Submission {
  const told = readForm(query);
  const records = readBody(text.trim(), contentType ?? '');
  if (records === undefined) return unreadable('is neither a form nor JSON');
  if (records.length === 0 && told.size === 0) return unreadable('holds no enquiry');
  return { ok: true, records: records.length === 0 ? [told] : records.map((own) => new Map([...told, ...own])) };
}

function readBody(text: string, contentType: string): Fields[] | undefined {
  if (text === '') return [];
  if (/^[[{]/.test(text)) {
    const json = readJson(text);
    return json === undefined ? undefined : toRecords(json).map((record) => readFields(flatten(record)));
  }
  const [, quoted, bare] = /multipart\/form-data.*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary !== undefined) return [readParts(text, boundary)];
  if (/json|xml|html/i.test(contentType) || !text.includes('=')) return undefined;
  return [readForm(text)];
}

const wrappers = /^(?:data|leads?|records?|items?|results?|rows?|entries|entry|payload|body|contacts?)$/i;

/** An array of records, as it stands or under a name such as `data`; else the one record. */
function toRecords(json: Written): Written[] {
  if (Array.isArray(json)) return json.filter((one) => typeof one === 'object' && one !== null).flatMap(toRecords);
  if (typeof json !== 'object' || json === null) return [];
  const inside = Object.entries(json).find(
    ([name, value]) => wrappers.test(name) && Array.isArray(value) && value.some((one) => typeof one === 'object'),
  );
  if (inside !== undefined) return toRecords(inside[1]);
  return Object.keys(json).length === 0 ? [] : [json];
}

/** What is nested counts under its own name, where nothing outside of it has that name. */
function flatten(record: Written): { [key: string]: Written } {
  if (!isRecord(record)) return {};
  const entries = Object.entries(record);
  const nested = entries.flatMap(([, value]) => (isRecord(value) ? Object.entries(flatten(value)) : []));
  return Object.fromEntries([...nested.toReversed(), ...entries.filter(([, value]) => !isRecord(value))]);
}

function isRecord(value: Written): value is { [key: string]: Written } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts of a form that a browser sent in parts; files are left out. */
function readParts(text: string, boundary: string): Fields {
  const pairs = new URLSearchParams();
  for (const part of text.split(`--${boundary}`)) {
    const [, head = '', value = ''] = /^\r?\n([\s\S]*?)\r?\n\r?\n([\s\S]*?)(?:\r?\n)?$/.exec(part) ?? [];
    const [, name] = /;\s*name="([^"]*)"/i.exec(head) ?? [];
    if (name !== undefined && !/;\s*filename=/i.test(head)) pairs.append(name, value);
  }
  return readForm(pairs.toString());
}
