import type { Written } from './read-json.ts';

/** What an enquiry's fields are called by its sender, the preferred name first. */
export type FieldNames = {
  sourceLeadId: readonly string[];
  /** The first that is told; names joined by a plus are read together, "first_name + last_name". */
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

/** The names in a list that commas part. */
export function namesIn(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}

/** A connection's own names for fields, looked at before the adapter's. */
export type Aliases = Partial<Record<keyof FieldNames, string[]>> & {
  /** What a person put in the place of what was sent; it counts before everything. */
  corrected?: { phone: string } | undefined;
};

/**
 * A sender's fields by name, whatever its case and separators; the name as it was sent stays beside the value. What stands
 * elsewhere in the delivery than where the phone is may be looked up by its name, and is never guessed to be anything.
 */
export type Fields = Map<string, Field>;
export type Field = { name: string; value: string; isElsewhere?: boolean };

/** Reads the texts of one record. Nested values are left out: an adapter that expects them reads them itself. */
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

/** Empty, and what forms and exports write where nothing was told. */
export function isNothing(text: string): boolean {
  return /^\s*(?:null|undefined|none|n\/?a|nil|-+)?\s*$/i.test(text);
}

/** `SENDER_MOBILE`, `Sender Mobile` and `senderMobile` are one name; so are `फ़ोन` and `फोन`, with the dot and without. */
export function toKey(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replaceAll('\u093c', '');
}

/** The keys that names are looked up by, parts and all; lists of names are few and are asked for with every lead. */
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

/** All values told under these names, in the order of the names; also the empty ones. A field counts once. */
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

/** The names to look under: the connection's own first. */
export function namesOf(field: keyof FieldNames, names: FieldNames, aliases: Aliases): readonly string[] {
  const own = aliases[field];
  if (own === undefined) return names[field];
  const known = together.get(own)?.get(names[field]);
  if (known !== undefined) return known;
  const all = [...own, ...names[field]];
  together.set(own, (together.get(own) ?? new WeakMap<readonly string[], string[]>()).set(names[field], all));
  return all;
}

/** A connection's names and an adapter's as one list: the same one for every lead. */
const together = new WeakMap<readonly string[], WeakMap<readonly string[], string[]>>();
