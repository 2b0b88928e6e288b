import { toKey } from './read-fields.ts';
import { readJson, type Written } from './read-json.ts';

type WrittenRow = Record<string, Written>;

export type PulledBody =
  /**
   * `beside`: the object around the rows; empty where there is none. `errors`: the words of rows that hold an error and
   * no enquiry; such rows are not among `rows`.
   */
  | { kind: 'rows'; rows: WrittenRow[]; beside: WrittenRow; errors: string[] }
  /** Status 200 and an empty answer: no text, `null`, `""` or `{}`. */
  | { kind: 'blank' }
  /** JSON without any list: the vendor's message. */
  | { kind: 'said'; body: WrittenRow }
  /** An HTML page, or nothing readable. */
  | { kind: 'unreadable' };

/** Names under which vendors wrap their rows. */
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
const maxStarts = 20;

/**
 * The rows in a vendor's answer: a bare array, or an array inside an object, possibly with other text before or after
 * the JSON. Numbers stay as written.
 */
export function readRows(text: string): PulledBody {
  const trimmed = text.trim();
  if (trimmed === '' || isBlank(readJson(trimmed))) return { kind: 'blank' };
  const body = readSomewhere(trimmed);
  if (body === undefined) return { kind: 'unreadable' };
  const list = findRows(body, 0);
  if (list !== undefined) {
    const rows = list.filter((row) => typeof row !== 'string' && !isError(row) && !isBlank(row));
    const errors = list.flatMap((row) => (typeof row === 'string' ? row : isError(row) ? toWords(row) : []));
    return { kind: 'rows', rows: rows.filter(isRow), beside: isRow(body) ? body : {}, errors };
  }
  return isRow(body) ? { kind: 'said', body } : { kind: 'unreadable' };
}

/** What a vendor says instead of rows, or around them. */
export function toWords(body: WrittenRow): string {
  const texts = Object.entries(body).flatMap(([name, value]) =>
    wordNames.test(toKey(name)) && (typeof value === 'string' || typeof value === 'boolean') ? [String(value)] : [],
  );
  return texts.filter((text) => /\p{L}/u.test(text)).join(', ');
}

/** Whether an answer calls itself an error, whatever its words. */
export function isDenial(body: WrittenRow): boolean {
  return Object.entries(body).some(([name, value]) => {
    const key = toKey(name);
    if (key.startsWith('err')) return !isBlank(value) && value !== false && value !== '0';
    if (key === 'success') return value === false || value === 'false' || value === '0';
    return key === 'status' && typeof value === 'string' && /^(?:fail|err|false)/i.test(value);
  });
}

/** Names of messages about the answer, as `toKey` writes them. */
const wordNames = /^(?:error|err|message|msg|status|success|reason|detail|description|info|note)/;
/** Names that occur beside an error, and never alone in an enquiry. */
const beside = /^(?:code|result|response|total|count|data|type)/;

/** A row that only holds words about the answer. Every vendor's enquiry also has names of its own. */
function isError(row: WrittenRow): boolean {
  const filled = Object.entries(row).filter(([, value]) => !isBlank(value));
  return toWords(row) !== '' && filled.every(([name]) => wordNames.test(toKey(name)) || beside.test(toKey(name)));
}

/** Holds nothing: what vendors write when nobody has enquired. */
function isBlank(value: Written | undefined): boolean {
  if (value === null || typeof value === 'string') return value === null || value.trim() === '';
  return isRow(value) && Object.keys(value).length === 0;
}

/** Whether a body has an empty place for rows, such as `{"data":null}`. */
export function hasBlankRows(body: WrittenRow): boolean {
  return Object.entries(body).some(([name, value]) => wrappers.includes(name.toLowerCase()) && isBlank(value));
}

/** The first piece of the text that is JSON with objects in it, or an empty list. */
function readSomewhere(text: string): Written | undefined {
  const whole = readJson(text);
  if (whole !== undefined) return typeof whole === 'object' && whole !== null ? whole : undefined;
  let start = -1;
  for (let tries = 0; tries < maxStarts; tries++) {
    start = indexOfEither(text, start + 1);
    if (start === -1) return undefined;
    const end = text.lastIndexOf(text[start] === '[' ? ']' : '}');
    const json = end > start ? readJson(text.slice(start, end + 1)) : undefined;
    if (Array.isArray(json) ? json.every(isRow) : isRow(json)) return json;
  }
  return undefined;
}

function indexOfEither(text: string, from: number): number {
  const bracket = /[[{]/.exec(text.slice(from));
  return bracket === null ? -1 : from + bracket.index;
}

function findRows(body: Written, depth: number): (WrittenRow | string)[] | undefined {
  if (Array.isArray(body)) return body.filter((row) => typeof row === 'string' || isRow(row));
  if (!isRow(body) || depth === deepest) return undefined;
  const fields = Object.entries(body);
  for (const wrapper of wrappers) {
    const inner = fields.find(([name]) => name.toLowerCase() === wrapper)?.[1];
    const rows = inner === undefined || typeof inner !== 'object' ? undefined : findRows(inner, depth + 1);
    if (rows !== undefined) return rows;
    // A single enquiry may come without a list around it.
    if (isRow(inner) && Object.keys(inner).length > 2) return [inner];
  }
  return undefined;
}

function isRow(value: Written | undefined): value is WrittenRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
