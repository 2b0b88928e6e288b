import { hash } from 'node:crypto';

/**
 * Where an id of a source counts, as a receipt is bound. The plain scope is '' or a connection's id. An id that comes again
 * with another number counts beside it for that number, and the same record that asks for something else for that wish:
 * so each is stored once, under the unique index that older versions of this service know too.
 */
export function ofNumber(scope: string, numberHash: string): string {
  return `${scope} #${numberHash.slice(0, 32)}`;
}

export function ofWish(scope: string, wishHash: string): string {
  return `${scope} @${wishHash.slice(0, 32)}`;
}

/** The scope that its source's ids count in. */
export function toPlainScope(bound: string): string {
  return bound.replace(/ [#@].*$/, '');
}

/** Product and message as they are compared: their case and white space say nothing. */
export function toComparable(text: string | null): string | null {
  const plain = (text ?? '').replaceAll(/\s+/g, ' ').trim().toLowerCase();
  return plain === '' ? null : plain;
}

export function hashWish(wish: { productName: string | null; message: string | null }): string {
  return hash('sha256', JSON.stringify([toComparable(wish.productName), toComparable(wish.message)]));
}

/** The id of what its sender names by an Idempotency-Key only; `part` counts the records of one delivery. */
export function toKeyId(key: string, part: number): string {
  return `key ${key}${part === 0 ? '' : ` ${part}`}`;
}

/** Whether an id is an Idempotency-Key. */
export function isKeyId(id: string): boolean {
  return /^key [\x21-\x7e]{1,200}(?: \d+)?$/.test(id);
}
