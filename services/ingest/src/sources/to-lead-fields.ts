import { normalisePhone } from '@leadline/contracts/phone-number';
import { findPhoneFields, soundsLikePhone, undecided } from './find-phone-field.ts';
import {
  isNothing,
  namesOf,
  pickAll,
  toKey,
  type Aliases,
  type Field,
  type FieldNames,
  type Fields,
} from './read-fields.ts';
import type { Part, Told } from './read-parts.ts';
import { readFieldWish, tellsWish } from './read-wish.ts';
import { toNameKeys } from './to-name-keys.ts';

/** Parts that add details about the person around them, if they contain no name. */
const details =
  /^(?:contacts?|contact_?(?:info|information|details?|data)|(?:phone|email)s?|details?|address|location|names?|person(?:al)?_?(?:info|details?)?)$/i;
/** A part with such a name describes somebody else, even if the delivery holds nobody else. */
const others =
  /^(?:agents?|owners?|assigned(?:_?to)?|assignees?|staff|employees?|operators?|receivers?|recipients?|sellers?|suppliers?|vendors?|dealers?|sales_?(?:rep|person|man|team)|executives?|managers?|created_?by|modified_?by|updated_?by|authors?|support|helpline)$/i;
/** A part with such a name may describe the person if no other part does. */
const rather =
  /^(?:users?|accounts?|company|business|organi[sz]ation|page|form|campaign|workflow|site|store|shop|branch|outlet|merchant|workspace|channel|inbox|webhook|integration|app(?:lication)?|team|meta|metadata|source|publisher|brand)$/i;

/** A part that we looked at, with the fields of its details. */
type Known = { part: Part; around: Known | undefined; fields: Field[]; byKey: Fields; isMerged: boolean };

/** Keys that only the person's own record may hold. */
type PersonKeys = Record<'name' | 'email' | 'phone' | 'country' | 'id', ReadonlySet<string>>;

/**
 * The fields of the person whose phone a delivery holds. A name or e-mail address counts only in the record that holds
 * the phone; an id also in a record around it that holds no other person. Forms, campaigns, pages and agents keep their
 * own names and ids. All other fields can be looked up too, also by path: `lead.id` is `lead_id`.
 */
export function leadFieldsBy(names: FieldNames, aliases: Aliases): (root: Part) => Fields {
  const keys = toPersonKeys(names, aliases);
  const phoneNames = namesOf('phone', names, aliases);
  return (root) => toLeadFields(root, keys, phoneNames);
}

function toLeadFields(root: Part, keys: PersonKeys, phoneNames: readonly string[]): Fields {
  const everybody: Known[] = [];
  const top = know(root, undefined, keys, everybody);
  const records = everybody.filter(({ isMerged }) => !isMerged);
  const holder = chooseHolder(records, phoneNames) ?? top;
  const fields: Fields = new Map(holder.byKey);
  const isOwn = new Set<Known>([holder]);
  // The same number in two records is the same person: some builders send answers twice.
  const phone = phoneOf(holder, phoneNames);
  for (const known of records) {
    if (phone === undefined || known === holder || isOther(known) || phoneOf(known, phoneNames) !== phone) continue;
    isOwn.add(known);
    for (const [key, field] of known.byKey) if (!keys.id.has(key) && !fields.has(key)) fields.set(key, field);
  }
  for (let around = holder.around; around !== undefined; around = around.around) {
    isOwn.add(around);
    const isNobody = !isSomebody(around, keys) && !isOther(around) && !isRather(around);
    for (const [key, field] of around.byKey) {
      const isName = keys.name.has(key) && !sharedNames.has(key) && !hasName(holder, keys) && !isOther(around);
      const mayTell = keys.id.has(key) || keys.country.has(key) ? isNobody : !isPersonal(key, keys) || isName;
      if (mayTell && !fields.has(key)) fields.set(key, { ...field, isElsewhere: true });
    }
  }
  for (const known of records) {
    const isTheirs = isSomebody(known, keys) || isOther(known) || isRather(known);
    for (const [key, field] of known.byKey) {
      const path = toKey([...known.part.path.slice(-1), key].join(' '));
      const elsewhere = { ...field, isElsewhere: true };
      const isFree = !isOwn.has(known) && !isTheirs && !isPersonal(key, keys) && !fields.has(key);
      if (isFree || isWish(key, field, { known, before: fields.get(key) })) fields.set(key, elsewhere);
      const isBarred = isOther(known) || isRather(known) || (keys.id.has(path) && isTheirs && known !== holder);
      const mayTell = !isPersonal(path, keys) || !isBarred;
      if (known.part.path.length > 0 && mayTell && !fields.has(path)) fields.set(path, elsewhere);
    }
  }
  return fields;
}

/** A wish not to be called counts anywhere, and a "no" elsewhere does not cancel it. */
function isWish(key: string, field: Field, { known, before }: { known: Known; before: Field | undefined }): boolean {
  if (isOther(known) || !(tellsWish(field.name) || tellsWish(key))) return false;
  return before === undefined || readFieldWish(key, before) === 'callable';
}

function know(part: Part, around: Known | undefined, keys: PersonKeys, everybody: Known[]): Known {
  const known: Known = { part, around, fields: [], byKey: new Map(), isMerged: false };
  everybody.push(known);
  for (const told of part.told) addTold(known, told);
  for (const innerPart of part.parts) {
    const inner = know(innerPart, known, keys, everybody);
    if (!isDetail(inner, keys)) continue;
    inner.isMerged = true;
    for (const field of inner.fields) known.fields.push(field);
    for (const [key, field] of inner.byKey) if (!known.byKey.has(key)) known.byKey.set(key, field);
  }
  return known;
}

function addTold(known: Known, { names, value }: Told): void {
  // Keep it under the name that sounds most like its value.
  const name = names.find((alias) => soundsLikePhone(alias)) ?? names[0] ?? '';
  known.fields.push({ name, value });
  for (const [at, key] of names.flatMap(toNameKeys).entries()) {
    const before = known.byKey.get(key);
    const field = { name: at === 0 ? (names[0] ?? '') : name, value };
    if (before === undefined || isNothing(before.value)) known.byKey.set(key, field);
  }
}

function isDetail({ part, byKey }: Known, keys: PersonKeys): boolean {
  const isNamed = byKey.has('id') || [...byKey.keys()].some((key) => keys.name.has(key));
  return details.test(part.path.at(-1) ?? '') && !isNamed;
}

/**
 * The record that holds the phone: first one with a known name for it, then one that sounds like it; of equals the
 * outer, then the first.
 */
function chooseHolder(everybody: readonly Known[], phoneNames: readonly string[]): Known | undefined {
  const ranked = everybody.flatMap((known) => {
    if (isOther(known)) return [];
    const named = pickAll(known.byKey, phoneNames).filter(({ value }) => !isNothing(value));
    const guessed = findPhoneFields(known.fields);
    const rank = named.some(isMobile)
      ? 4
      : guessed !== undecided && guessed.some(isMobile)
        ? 3
        : named.length > 0
          ? 2
          : guessed === undecided || guessed.length > 0
            ? 1
            : 0;
    return rank === 0 ? [] : [{ known, rank: rank + (isRather(known) ? 0 : 10), depth: known.part.path.length }];
  });
  return ranked.toSorted((one, other) => other.rank - one.rank || one.depth - other.depth)[0]?.known;
}

function phoneOf({ byKey }: Known, phoneNames: readonly string[]): string | undefined {
  for (const { value } of pickAll(byKey, phoneNames)) {
    const phone = normalisePhone(value);
    if (phone.ok) return phone.phone;
  }
  return undefined;
}

function isMobile({ value }: Field): boolean {
  return normalisePhone(value).ok;
}

function isOther({ part }: Known): boolean {
  return part.path.some((key) => others.test(key));
}

function isRather({ part }: Known): boolean {
  return part.path.some((key) => rather.test(key));
}

/** Names that forms, companies and users may have, as well as the person. */
const sharedNames = new Set('name names first last username company companyname businessname'.split(' '));

function toPersonKeys(names: FieldNames, aliases: Aliases): PersonKeys {
  const keysOf = (field: keyof FieldNames): Set<string> =>
    new Set([...names[field], ...(aliases[field] ?? [])].flatMap((name) => name.split(' + ')).map(toKey));
  return {
    name: keysOf('name'),
    email: keysOf('email'),
    phone: keysOf('phone'),
    country: keysOf('country'),
    id: keysOf('sourceLeadId').add('id'),
  };
}

function isPersonal(key: string, keys: PersonKeys): boolean {
  return Object.values(keys).some((some) => some.has(key));
}

/** Whether a record holds data of a person, or the name of something else. */
function isSomebody({ byKey }: Known, keys: PersonKeys): boolean {
  return [...byKey.keys()].some(
    (key) => key === 'title' || keys.name.has(key) || keys.email.has(key) || keys.phone.has(key),
  );
}

function hasName({ byKey }: Known, keys: PersonKeys): boolean {
  return [...byKey].some(([key, { value }]) => keys.name.has(key) && !isNothing(value));
}
