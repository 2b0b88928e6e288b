import { soundsLikePhone } from './find-phone-field.ts';
import { toKey } from './read-fields.ts';
import { isRecord, type Written, type WrittenRecord } from './read-json.ts';

// Names that form builders use for the question, for the answer, and for the answer's own name. Keys as `toKey` makes
// them.
const labelKeys =
  'label title question heading prompt questiontext questiontitle fieldlabel fieldtitle name fieldname columnname displayname'.split(
    ' ',
  );
const valueKeys = 'value answer answers response responses stringvalue values uservalue rawvalue val'.split(' ');
const ownNameKeys = 'key ref slug field fieldkey columnid fieldid questionid id'.split(' ');
/**
 * A list or object under one of these belongs to the answer. Any other nesting means that it is more than an answer.
 */
const nestedKeys = new Set([
  ...valueKeys,
  'field',
  'options',
  'choices',
  'versions',
  'columns',
  'rows',
  'validation',
  'meta',
  'question',
]);
/** An object with one of these beside a name and a value is a person's record. */
const personal = /e_?mail|contact|city|message/i;

type Labels = ReadonlyMap<string, string>;
type Answer = { names: string[]; value: string };
type Entries = ReadonlyMap<string, Written>;

/**
 * The titles of a delivery's fields, by their ids, from a form definition such as Typeform's or Gravity's beside the
 * answers.
 */
export function findLabels(value: Written, found = new Map<string, string>()): Labels {
  if (typeof value !== 'object' || value === null) return found;
  for (const inner of Object.values(value)) {
    // A form has an id and a title too; only its questions come in a list.
    if (Array.isArray(value) && isRecord(inner)) addLabel(inner, found);
    findLabels(inner, found);
  }
  return found;
}

function addLabel(definition: WrittenRecord, found: Map<string, string>): void {
  const entries = toEntries(definition);
  const label = firstText(entries, ['label', 'title', 'question', 'fieldlabel']);
  if (label === undefined || valueKeys.some((key) => entries.has(key))) return;
  for (const key of ['id', 'ref', 'key', 'fieldid']) {
    const id = textOf(entries.get(key));
    if (id !== undefined && !found.has(id)) found.set(id, label);
  }
}

/**
 * Reads an object that is an answer: a label and a value, or a value under a key that names it, in any builder's form.
 * For a choice given by id it returns the option's text.
 * @returns undefined where the object is no answer: a person's record, or something with more nesting
 */
export function toAnswer(record: WrittenRecord, keys: readonly string[], labels: Labels): Answer | undefined {
  const entries = toEntries(record);
  const type =
    textOf(entries.get('type')) ?? textOf(entries.get('fieldtype')) ?? textOf(entries.get('inputtype')) ?? '';
  const field = entries.get('field') ?? entries.get('question') ?? null;
  // Typeform and Notion name the answer by its type.
  const isTyped = type !== '' && entries.has(toKey(type)) && (isRecord(field) || isTypeAndValue(entries, type, keys));
  const byType = isTyped ? toKey(type) : undefined;
  const valueKey = byType ?? valueKeys.find((key) => entries.has(key)) ?? (hasQuestion(entries) ? 'text' : undefined);
  if (valueKey === undefined || !entries.has(valueKey)) return undefined;
  const about = isRecord(field) ? toEntries(field) : new Map<string, Written>();
  const ids = [entries, about].flatMap((part) => ownNameKeys.flatMap((key) => textOf(part.get(key)) ?? []));
  const written = (valueKey === 'text' ? labelKeys : ['text', ...labelKeys]).flatMap(
    (key) => textOf(entries.get(key)) ?? [],
  );
  const label = firstText(about, labelKeys) ?? ids.flatMap((id) => labels.get(id) ?? [])[0];
  const own = ids.filter((id) => !/^\d+$/.test(id) && !labels.has(id));
  const named = keys.filter((key) => !/^\d+$/.test(key));
  const names = [...written, ...(label === undefined ? [] : [label]), ...named, ...own, ...(nameOfType(type) ?? [])];
  if (names.length === 0 || (byType === undefined && isMore(entries))) return undefined;
  const value = toText(entries.get(valueKey) ?? '', optionsOf(entries, about), names);
  return value === undefined ? undefined : { names: [...new Set(names)], value };
}

/** `"Phone": { "id": "x", "type": "phone_number", "phone_number": "…" }` */
function isTypeAndValue(entries: Entries, type: string, keys: readonly string[]): boolean {
  return keys.length > 0 && [...entries.keys()].every((key) => key === 'id' || key === 'type' || key === toKey(type));
}

/** `text` may be the question or the answer; it is the answer if something else is clearly the question. */
function hasQuestion(entries: Entries): boolean {
  return ['label', 'title', 'question', 'key', 'ref', 'field'].some((key) => textOf(entries.get(key)) !== undefined);
}

function isMore(entries: Entries): boolean {
  return [...entries].some(([key, value]) => {
    if (valueKeys.includes(key) || nestedKeys.has(key)) return false;
    if (typeof value === 'object' && value !== null) return true;
    return personal.test(key) || soundsLikePhone(key);
  });
}

/** The type says what an answer is if its question doesn't. */
function nameOfType(type: string): string[] | undefined {
  if (/^(?:control_|input_)?(?:phone|phone_?number|tel|mobile)$/i.test(type)) return ['phone'];
  if (/^(?:control_|input_)?e-?mail$/i.test(type)) return ['email'];
  return /^(?:control_)?(?:full_?)?name$/i.test(type) ? ['name'] : undefined;
}

type Options = ReadonlyMap<string, string>;

function optionsOf(...told: Entries[]): Options {
  const lists = told.flatMap((entries) => [entries.get('options'), entries.get('choices')]);
  const options = lists.flatMap((list): Written[] => (Array.isArray(list) ? list : []));
  return new Map(
    options.flatMap((option): [string, string][] => {
      if (!isRecord(option)) return [];
      const entries = toEntries(option);
      const id = firstText(entries, ['id', 'value', 'key', 'ref']);
      const text = firstText(entries, ['text', 'label', 'name', 'title', 'value']);
      return id === undefined || text === undefined ? [] : [[id, text]];
    }),
  );
}

/** A value as one text; undefined where it is a record of its own. */
export function toText(
  value: Written,
  options: Options = new Map(),
  names: readonly string[] = [],
): string | undefined {
  if (value === null) return '';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return options.get(value) ?? value;
  if (Array.isArray(value)) {
    const texts = value.map((item) => toText(item, options, names));
    return texts.includes(undefined) ? undefined : texts.filter((text) => text !== '').join(', ');
  }
  const whole = wholeName(['name'], value) ?? wholePhone(names, value);
  if (whole !== undefined) return whole;
  const entries = toEntries(value);
  const plain = textOf(entries.get('plaintext'));
  if (plain !== undefined) return plain;
  const key = ['labels', 'label', 'text', 'title', 'value', 'name'].find((name) => entries.has(name));
  const isChoice = [...entries.keys()].every((name) =>
    /^(?:id|ids|ref|refs|labels?|text|title|value|name|other|type|color|colour)$/.test(name),
  );
  return key !== undefined && isChoice ? toText(entries.get(key) ?? '', options, names) : undefined;
}

const firstNames = ['first', 'firstname', 'given', 'givenname'];
const middleNames = ['middle', 'middlename', 'middleinitial'];
const lastNames = ['last', 'lastname', 'surname', 'family', 'familyname'];
const besideNames = new Set('prefix title salutation suffix full fullname fieldtype type'.split(' '));

/** Joins a name that came in parts, if the field is a name. */
export function wholeName(names: readonly string[], record: WrittenRecord): string | undefined {
  if (!names.some((name) => /name|नाम|नाव|નામ|பெயர்/i.test(name))) return undefined;
  const entries = toEntries(record);
  const known = [firstNames, middleNames, lastNames];
  const hasParts = [...firstNames, ...lastNames].some((key) => entries.has(key));
  const isName = [...entries.keys()].every((key) => besideNames.has(key) || known.some((keys) => keys.includes(key)));
  if (!hasParts || !isName) return undefined;
  return known.flatMap((keys) => firstText(entries, keys) ?? []).join(' ');
}

const wholeNumbers = 'full fullnumber e164 international internationalnumber formatted'.split(' ');
const numbers = 'number phone phonenumber mobile mobilenumber national nationalnumber value raw'.split(' ');
const countryCodes = 'countrycode dialcode callingcode countrycallingcode code prefix country isd'.split(' ');
const areaCodes = 'area areacode std stdcode'.split(' ');
const besideNumbers = new Set(
  'type label primary id verified isvalid valid fieldtype flag iso countryiso iso2 ext extension isprimary'.split(' '),
);

/** Joins a number that came in parts, or with a word on its kind, if the field is a phone. */
export function wholePhone(names: readonly string[], record: WrittenRecord): string | undefined {
  const entries = toEntries(record);
  const known = new Set([...wholeNumbers, ...numbers, ...countryCodes, ...areaCodes]);
  if (![...entries.keys()].every((key) => known.has(key) || besideNumbers.has(key))) return undefined;
  const isNamed = names.some((name) => soundsLikePhone(name));
  const isParted = [...countryCodes, ...areaCodes].some((key) => entries.has(key));
  if (!isNamed && !(isParted && entries.has('number'))) return undefined;
  const full = firstText(entries, wholeNumbers);
  const number = firstText(entries, numbers);
  if (full !== undefined || number === undefined) return full ?? (isNamed ? '' : undefined);
  const code = firstText(entries, countryCodes)?.replace(/^00|^\+/, '') ?? '';
  const hasCode = /^\d{1,3}$/.test(code) && !/^\s*(?:\+|00)/.test(number);
  return `${hasCode ? `+${code} ` : ''}${firstText(entries, areaCodes) ?? ''}${number}`;
}

function toEntries(record: WrittenRecord): Entries {
  return new Map(Object.entries(record).map(([key, value]) => [toKey(key), value]));
}

function textOf(value: Written | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function firstText(entries: Entries, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = textOf(entries.get(key));
    if (text !== undefined) return text;
  }
  return undefined;
}
