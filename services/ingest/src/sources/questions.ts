import { findProduct } from './find-product.ts';
import { isNothing, toKey, type FieldNames, type Fields } from './read-fields.ts';
import type { Written } from './read-json.ts';

/** One answer of a lead form: its key, the question as it was asked where that is told, and what was answered. */
export type Answer = { key: string; question: string; value: string };

/**
 * A lead form's answers, and what its sender tells beside them, as fields; answers to the form's own questions that have
 * no place of their own as lines of text.
 */
export function readAnswers(
  answers: readonly Answer[],
  names: FieldNames,
  told: Record<string, Written | undefined>,
): { fields: Fields; message: string | null } {
  const { product, message } = readQuestions(answers, names);
  const fields: Fields = new Map(answers.map(({ key, value }) => [toKey(key), { name: key, value: value.trim() }]));
  for (const [name, value] of Object.entries(told))
    if (typeof value === 'string') fields.set(toKey(name), { name, value });
  // A product that was asked for by that name counts more than one concluded from a question.
  const name = 'product_name';
  if (product !== null && !fields.has(toKey(name))) fields.set(toKey(name), { name, value: product });
  return { fields, message };
}

/** The product that was asked for, where one of the form's own questions surely is that one, and all other answers. */
function readQuestions(
  answers: readonly Answer[],
  names: FieldNames,
): { product: string | null; message: string | null } {
  const known = new Set(
    Object.values(names)
      .flat()
      .flatMap((name) => name.split(' + '))
      .map(toKey),
  );
  const own = answers.filter(({ key, value }) => !known.has(toKey(key)) && !isNothing(value));
  const product = findProduct(own, { guess: true });
  const lines = own.filter((one) => one !== product).map(({ question, value }) => `${question}: ${value}`);
  return { product: product?.value ?? null, message: lines.join('\n') || null };
}
