import type { Fault } from '../intake/lead-schema.ts';
import { unreadable, type RawDelivery } from './adapter.ts';
import { isBareMobile, soundsLikePhone } from './find-phone-field.ts';
import { toAnswer } from './read-answers.ts';
import { isRecord, readJson, type Written, type WrittenRecord } from './read-json.ts';
import { readParts, type Part } from './read-parts.ts';
import { unfold, unfoldPairs } from './unfold-names.ts';

type Submission = { ok: true; records: Part[] } | { ok: false; faults: Fault[] };

/**
 * Reads a submission in any form: a query, a form, a multipart form, or JSON with one record or several. It does not
 * rely on the Content-Type. Fields of the query are added to each record of the body.
 */
export function readSubmission({ query, contentType, text }: RawDelivery): Submission {
  const asked = toRecords(unfoldPairs(new URLSearchParams(query)));
  const body = readBody(text.trim(), contentType ?? '');
  if (body === undefined) return unreadable('is neither a form nor JSON');
  const records = toRecords(body).map(readParts);
  const queries = asked.map(readParts);
  if (records.length === 0) return queries.length > 0 ? { ok: true, records: queries } : unreadable('holds no enquiry');
  const beside = queries.map((part) => ({ ...part, path: ['url_query'] }));
  return { ok: true, records: records.map((part) => ({ ...part, parts: [...part.parts, ...beside] })) };
}

/** The body with its names unfolded; null where there is none. */
function readBody(text: string, contentType: string): Written | undefined {
  if (text === '') return null;
  if (/^[[{"\ufeff]/.test(text)) {
    const json = readJson(text);
    return json === undefined ? undefined : unfold(json);
  }
  const [, quoted, bare] = /multipart\/form-data.*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary !== undefined) return unfoldPairs(readMultipart(text, boundary));
  // Some senders label everything as JSON.
  if (/xml|html/i.test(contentType) || (/json/i.test(contentType) && !isForm.test(text)) || !text.includes('='))
    return undefined;
  return unfoldPairs(new URLSearchParams(text));
}

/** A body that is form-encoded fields and nothing else. */
const isForm = /^[\w.[\]%+-]{1,200}=[^\s<>{}"&=]*(?:&[\w.[\]%+-]{1,200}=[^\s<>{}"&=]*)*$/;

/** Names under which senders wrap several records. */
const wrappers =
  /^(?:data|leads?|records?|items?|results?|rows?|list|entries|entry|payload|body|contacts?|customers?|enquir(?:y|ies)|inquir(?:y|ies)|submissions?)$/i;

/** With more wrappers than this side by side, a body is no list of records. */
const maxWrappers = 8;

/** The records of an array, directly or under a name such as `data`; else the one record. */
function toRecords(json: Written): WrittenRecord[] {
  if (Array.isArray(json)) {
    const records = json.filter(isRecord);
    // A plain list of labels and values is one record.
    if (records.length > 0 && records.every((record) => isAnswer(record))) return [{ answers: records }];
    return records.flatMap(toRecords);
  }
  if (!isRecord(json)) return [];
  const { body } = json;
  // Some automations wrap the request that they received.
  if (body !== undefined && isRecord(json['headers'])) return toRecords(body);
  return findList(json) ?? (Object.keys(json).length === 0 ? [] : [json]);
}

/** The records in a list inside a record that itself holds no phone. An order's items, or answers, are no records. */
function findList(record: WrittenRecord): WrittenRecord[] | undefined {
  const wrapped = Object.entries(record).filter(([name]) => wrappers.test(name));
  for (const [name, value] of wrapped.slice(0, maxWrappers)) {
    const list = Array.isArray(value) ? value.filter(isRecord) : [];
    const rest = Object.entries(record).filter(([other]) => other !== name);
    if (
      list.length > 0 &&
      !list.every((item) => isAnswer(item)) &&
      !rest.some(([key, beside]) => holdsPhone(key, beside))
    )
      return toRecords(list);
    const inner =
      isRecord(value) && !rest.some(([key, beside]) => holdsPhone(key, beside)) ? findList(value) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function isAnswer(record: WrittenRecord): boolean {
  return toAnswer(record, [], new Map()) !== undefined;
}

function holdsPhone(key: string, value: Written): boolean {
  if (typeof value === 'string') return value !== '' && (soundsLikePhone(key) || isBareMobile(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([inner, item]) => holdsPhone(Array.isArray(value) ? key : inner, item));
}

/** The text fields of a multipart form, without its files. */
function readMultipart(text: string, boundary: string): [string, string][] {
  return text.split(`--${boundary}`).flatMap((part): [string, string][] => {
    const [, head = '', value = ''] = /^\r?\n([\s\S]*?)\r?\n\r?\n([\s\S]*?)(?:\r?\n)?$/.exec(part) ?? [];
    const [, name] = /;\s*name="([^"]*)"/i.exec(head) ?? [];
    return name !== undefined && !/;\s*filename=/i.test(head) ? [[name, value]] : [];
  });
}
