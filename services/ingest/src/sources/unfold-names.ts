import { isRecord, unpackJson, type Written, type WrittenRecord } from './read-json.ts';

/** No form nests names deeper; a deeper name stays as it is. */
const maxPieces = 12;

/**
 * Unfolds a value at every level: names that express nesting (`fields[phone][value]`, `menu-12[]`, `lead.phone`),
 * numbered members that form a list, and JSON inside a text.
 */
export function unfold(value: Written): Written {
  return withLists(withNames(value));
}

/** The same for a form's fields. */
export function unfoldPairs(pairs: Iterable<[string, string]>): Written {
  return withLists(unfoldNames([...pairs].map(([name, value]) => [name, withNames(value)])));
}

function withNames(value: Written): Written {
  if (typeof value === 'string') {
    const inner = unpackJson(value);
    return inner === value ? value : withNames(inner);
  }
  if (Array.isArray(value)) return value.map(withNames);
  if (!isRecord(value)) return value;
  return unfoldNames(Object.entries(value).map(([name, inner]) => [name, withNames(inner)]));
}

/**
 * Turns names that express nesting into nested records: `fields[phone][value]`, `form_fields[phone]`, `menu-12[]` and
 * `lead.phone`. If a name would be both a text and a record, it stays as it is. A name that occurs twice keeps both
 * values.
 */
function unfoldNames(entries: readonly (readonly [string, Written])[]): WrittenRecord {
  const root: WrittenRecord = Object.create(null);
  const nested: [string, string[], Written][] = [];
  for (const [name, value] of entries) {
    const pieces = toPieces(name);
    if (pieces.length === 1) add(root, pieces[0] ?? name, value);
    else nested.push([name, pieces, value]);
  }
  for (const [name, pieces, value] of nested) {
    const inner = descend(root, pieces.slice(0, -1));
    if (inner === undefined) add(root, name, value);
    else add(inner, pieces.at(-1) ?? name, value);
  }
  return root;
}

/** Turns `fields[0]` and `fields[1]` into a list, at every level. */
function withLists(value: Written): Written {
  if (Array.isArray(value)) return value.map(withLists);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, Written] => [name, withLists(inner)]);
  if (entries.length > 0 && entries.every(([name], at) => name === String(at)))
    return entries.map(([, inner]) => inner);
  for (const [name, inner] of entries) value[name] = inner;
  return value;
}

function toPieces(name: string): string[] {
  const brackets = /^([^[\]]+)((?:\[[^[\]]*\])+)$/.exec(name);
  const pieces =
    brackets === null
      ? /^[\p{L}_][\w-]*(?:\.[\w-]+)+$/u.test(name)
        ? name.split('.')
        : [name]
      : [brackets[1] ?? '', ...(brackets[2] ?? '').slice(1, -1).split('][')];
  // `menu-12[]` is one of several answers.
  const named = pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces;
  return named.length > maxPieces || named.includes('') ? [name] : named;
}

function descend(root: WrittenRecord, pieces: readonly string[]): WrittenRecord | undefined {
  let record = root;
  for (const piece of pieces) {
    const inner = (record[piece] ??= Object.create(null));
    if (!isRecord(inner)) return undefined;
    record = inner;
  }
  return record;
}

function add(record: WrittenRecord, name: string, value: Written): void {
  const before = record[name];
  if (before === undefined) record[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else record[name] = [before, value];
}
