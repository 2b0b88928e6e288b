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

/** A connection's own names for fields, looked at before the adapter's. */
export type Aliases = Partial<Record<keyof FieldNames, string[]>> & {
  /** What a person put in the place of what was sent; it counts before everything. */
  corrected?: { phone: string } | undefined;
};

/** A sender's fields by name, whatever its case and separators; the name as it was sent stays beside the value. */
export type Fields = Map<string, { name: string; value: string }>;

/** Reads the texts of one record. Nested values are left out: an adapter that expects them reads them itself. */
export function readFields(record: Written): Fields {
  const fields: Fields = new Map();
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return fields;
  for (const [name, value] of Object.entries(record)) addField(fields, name, value);
  return fields;
}

/** Of a form or a query. A field that comes twice keeps both, as a number that comes twice in one field would. */
export function readForm(text: string): Fields {
  const fields: Fields = new Map();
  for (const [name, value] of new URLSearchParams(text)) addField(fields, name, value);
  return fields;
}

function addField(fields: Fields, name: string, value: Written): void {
  const texts = (Array.isArray(value) ? value : [value]).flatMap((one) =>
    typeof one === 'string' ? [one.trim()] : typeof one === 'boolean' ? [String(one)] : [],
  );
  if (texts.length === 0) return;
  const key = toKey(name);
  const before = fields.get(key);
  const told = [before?.value ?? [], texts].flat().filter((text) => text !== '');
  fields.set(key, { name: before?.name ?? name, value: told.join(', ') });
}

/** Empty, and what forms and exports write where nothing was told. */
export function isNothing(text: string): boolean {
  return /^\s*(?:null|undefined|none|n\/?a|nil|-+)?\s*$/i.test(text);
}

/** `SENDER_MOBILE`, `Sender Mobile` and `senderMobile` are one name. */
export function toKey(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** All values told under these names, in the order of the names; also the empty ones. */
export function pickAll(fields: Fields, names: readonly string[]): { name: string; value: string }[] {
  return names.flatMap((name) => {
    const parts = name.split(' + ').flatMap((part) => fields.get(toKey(part)) ?? []);
    const [first] = parts;
    return first === undefined
      ? []
      : [
          {
            name: first.name,
            value: parts
              .map(({ value }) => value)
              .join(' ')
              .trim(),
          },
        ];
  });
}

/** The names to look under: the connection's own first. */
export function namesOf(field: keyof FieldNames, names: FieldNames, aliases: Aliases): string[] {
  return [...(aliases[field] ?? []), ...names[field]];
}
