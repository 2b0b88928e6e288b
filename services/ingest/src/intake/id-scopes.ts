import { hash } from 'node:crypto';

/**
 * The scope in which a receipt binds an id of a source. The plain scope is '' or a connection's id. If an id comes
 * again with another number, we bind it in a scope of that number; if the same record asks for something else, in a
 * scope of that wish. So the unique index, which older versions of this service know too, stores each once.
 */
export function ofNumber(scope: string, numberHash: string): string {
  return `${scope} #${numberHash.slice(0, 32)}`;
}

export function ofWish(scope: string, wishHash: string): string {
  return `${scope} @${wishHash.slice(0, 32)}`;
}

/** The plain scope of a bound one. */
export function toPlainScope(bound: string): string {
  return bound.replace(/ [#@].*$/, '');
}

/** Product or message in the form in which we compare them: case and white space make no difference. */
export function toComparable(text: string | null): string | null {
  const plain = (text ?? '').replaceAll(/\s+/g, ' ').trim().toLowerCase();
  return plain === '' ? null : plain;
}

export function hashWish(wish: { productName: string | null; message: string | null }): string {
  return hash('sha256', JSON.stringify([toComparable(wish.productName), toComparable(wish.message)]));
}

/** The id of a delivery that only an Idempotency-Key identifies; `part` counts the records of one delivery. */
export function toKeyId(key: string, part: number): string {
  return `key ${key}${part === 0 ? '' : ` ${part}`}`;
}

/** Whether an id is an Idempotency-Key. */
export function isKeyId(id: string): boolean {
  return /^key [\x21-\x7e]{1,200}(?: \d+)?$/.test(id);
}
