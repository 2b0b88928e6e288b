import { isNothing, toKey, type Fields } from './read-fields.ts';

/** One answer of a lead form: its key, the question as it was asked where that is told, and what was answered. */
export type Answer = { key: string; question: string; value: string };

/** What asks for a thing, and what surely does not. */
const asksForProduct = /product|machine|service|model|item|categor|interest|looking|requirement|equipment|vehicle/i;
const asksForOther =
  /budget|price|cost|invest|amount|when|time|date|day|month|how|quantity|qty|units|email|mail|phone|mobile|whatsapp|contact|pin|zip|postal|post_code|address|company|business|job|title|role|gender|age|language|country|street/i;

/**
 * What a lead form's own questions tell: the product that was asked for, where one of them surely is that question, and
 * all other answers as lines of text.
 * @param known keys of answers that have a place of their own
 */
export function readQuestions(
  answers: readonly Answer[],
  known: ReadonlySet<string>,
): { product: string | null; message: string | null } {
  const own = answers.filter(({ key, value }) => !known.has(toKey(key)) && !isNothing(value));
  const unclear = own.filter(({ key, question }) => !asksForOther.test(`${key} ${question}`));
  const product =
    own.find(({ key, question }) => asksForProduct.test(`${key} ${question}`)) ??
    (unclear.length === 1 ? unclear[0] : undefined);
  const lines = own.filter((one) => one !== product).map(({ question, value }) => `${question}: ${value}`);
  return { product: product?.value ?? null, message: lines.join('\n') || null };
}

/** The answers as fields, for what has a place of its own. */
export function toFields(answers: readonly Answer[]): Fields {
  return new Map(answers.map(({ key, value }) => [toKey(key), { name: key, value: value.trim() }]));
}
