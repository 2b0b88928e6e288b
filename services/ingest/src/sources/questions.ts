import { isBareMobile } from './find-phone-field.ts';
import { findProduct } from './find-product.ts';
import type { Reading } from './parsed-lead.ts';
import { isNothing, namesOf, pickAll, toKey, type FieldNames, type Fields } from './read-fields.ts';
import type { Written } from './read-json.ts';
import { toNameKeys } from './to-name-keys.ts';

/** One answer of a lead form: its key, the question's text if known, and the answer. */
export type Answer = { key: string; question: string; value: string };

/**
 * Turns a lead form's answers, and the sender's other data, into fields. Answers that fit no field become lines of the
 * message.
 */
export function readAnswers(
  answers: readonly Answer[],
  names: FieldNames,
  told: Record<string, Written | undefined>,
): { fields: Fields; message: string | null } {
  const { product, message } = readQuestions(answers, names);
  const fields: Fields = new Map();
  for (const { key, question, value } of answers) {
    for (const name of [key, question].flatMap(toNameKeys)) {
      if (isNothing(fields.get(name)?.value ?? '')) fields.set(name, { name: key, value: value.trim() });
    }
  }
  for (const [name, value] of Object.entries(told))
    if (typeof value === 'string') fields.set(toKey(name), { name, value });
  // A product field counts more than a product that we concluded from a question.
  const name = 'product_name';
  if (product !== null && !fields.has(toKey(name))) fields.set(toKey(name), { name, value: product });
  return { fields, message };
}

/** Where no field names the product, adds the answer to a question about the product. */
export function addAskedProduct(fields: Fields, { names, aliases }: Pick<Reading, 'names' | 'aliases'>): Fields {
  const products = pickAll(fields, namesOf('productName', names, aliases));
  if (products.some(({ value }) => !isNothing(value))) return fields;
  const known = knownKeys(names);
  const own = [...fields.values()].flatMap(({ name, value, isElsewhere }) => {
    const isKnown = toNameKeys(name).some((key) => known.has(key));
    return isElsewhere === true || isKnown || isNothing(value) ? [] : [{ question: name, value }];
  });
  const product = findProduct(own, { guess: false });
  if (product === undefined) return fields;
  return new Map(fields).set(toKey('product_name'), { name: product.question, value: product.value });
}

/** Adapters have few lists of names, and use them for every lead, so keep the keys. */
const knownKeysOf = new WeakMap<FieldNames, ReadonlySet<string>>();

function knownKeys(names: FieldNames): ReadonlySet<string> {
  const before = knownKeysOf.get(names);
  if (before !== undefined) return before;
  const all = Object.values(names).flatMap((list) => list.flatMap((name) => name.split(' + ')));
  const keys = new Set(all.map(toKey));
  knownKeysOf.set(names, keys);
  return keys;
}

/** Separates the product, if one of the form's own questions surely asks for it, from all other answers. */
function readQuestions(
  answers: readonly Answer[],
  names: FieldNames,
): { product: string | null; message: string | null } {
  const known = knownKeys(names);
  const own = answers.filter(({ key, question, value }) => {
    const isKnown = [key, question].flatMap(toNameKeys).some((name) => known.has(name));
    // Leave a phone number out of the message.
    return !isKnown && !isNothing(value) && !isBareMobile(value);
  });
  const product = findProduct(own, { guess: true });
  const lines = own.filter((answer) => answer !== product).map(({ question, value }) => `${question}: ${value}`);
  return { product: product?.value ?? null, message: lines.join('\n') || null };
}
