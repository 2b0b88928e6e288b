import type { Written } from './read-json.ts';

/** A sender's names for an enquiry's fields, the preferred one first. */
export type FieldNames = {
  sourceLeadId: readonly string[];
  /** The first one that has a value counts; a plus joins names: "first_name + last_name". */
  name: readonly string[];
  phone: readonly string[];
  email: readonly string[];
  productName: readonly string[];
  city: readonly string[];
  state: readonly string[];
  message: readonly string[];
  enquiredAt: readonly string[];
  country: readonly string[];
  enquiryType: readonly string[];
};

/** The names in a comma-separated list. */
export function namesIn(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}

/** A connection's own names for fields; they come before the adapter's. */
export type Aliases = Partial<Record<keyof FieldNames, string[]>> & {
  /** What a person entered in place of what was sent; it counts before everything. */
  corrected?: { phone: string } | undefined;
};

/**
 * A sender's fields by name, ignoring case and separators, each with the name as it was sent. Fields from other parts
 * of the delivery than the phone's can be looked up by name; we guess nothing from them.
 */
export type Fields = Map<string, Field>;
export type Field = { name: string; value: string; isElsewhere?: boolean };

/** Reads the texts of one record. Leaves out nested values: adapters that expect them read them themselves. */
export function readFields(record: Written): Fields {
  const fields: Fields = new Map();
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return fields;
  for (const [name, value] of Object.entries(record)) addField(fields, name, value);
  return fields;
}

function addField(fields: Fields, name: string, value: Written): void {
  const texts = (Array.isArray(value) ? value : [value]).flatMap((item) =>
    typeof item === 'string' ? [item.trim()] : typeof item === 'boolean' ? [String(item)] : [],
  );
  if (texts.length === 0) return;
  const key = toKey(name);
  const before = fields.get(key);
  const values = [before?.value ?? [], texts].flat().filter((text) => text !== '');
  fields.set(key, { name: before?.name ?? name, value: values.join(', ') });
}

/** Whether a text is empty, or what forms and exports write for "not given". */
export function isNothing(text: string): boolean {
  return /^\s*(?:null|undefined|none|n\/?a|nil|-+)?\s*$/i.test(text);
}

/**
 * Ignores case and separators: `SENDER_MOBILE`, `Sender Mobile` and `senderMobile` are one name; so are `फ़ोन` and
 * `फोन`, with and without the dot.
 */
export function toKey(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replaceAll('\u093c', '');
}

/** The lookup keys of lists of names, kept because there are few lists and each lead uses them. */
const keysOfNames = new WeakMap<readonly string[], string[][]>();

function keysOf(names: readonly string[]): string[][] {
  let keys = keysOfNames.get(names);
  if (keys === undefined) {
    const all = new Map(names.map((name) => name.split(' + ').map(toKey)).map((parts) => [parts.join(' '), parts]));
    keys = [...all.values()];
    keysOfNames.set(names, keys);
  }
  return keys;
}

/** All values under these names, in the order of the names, empty ones too. Each field counts once. */
export function pickAll(fields: Fields, names: readonly string[]): { name: string; value: string }[] {
  const picked: { name: string; value: string }[] = [];
  for (const keys of keysOf(names)) {
    const parts: Field[] = [];
    for (const key of keys) {
      const part = fields.get(key);
      if (part !== undefined) parts.push(part);
    }
    const [first] = parts;
    if (first === undefined) continue;
    const { name } = first;
    const value = parts
      .map((part) => part.value)
      .join(' ')
      .trim();
    if (!picked.some((known) => known.name === name && known.value === value)) picked.push({ name, value });
  }
  return picked;
}

/** The names to look up, the connection's own first. */
export function namesOf(field: keyof FieldNames, names: FieldNames, aliases: Aliases): readonly string[] {
  const own = aliases[field];
  if (own === undefined) return names[field];
  const known = together.get(own)?.get(names[field]);
  if (known !== undefined) return known;
  const all = [...own, ...names[field]];
  together.set(own, (together.get(own) ?? new WeakMap<readonly string[], string[]>()).set(names[field], all));
  return all;
}

/** Keeps each joined list of a connection's names and an adapter's, so that all leads share one. */
const together = new WeakMap<readonly string[], WeakMap<readonly string[], string[]>>();
