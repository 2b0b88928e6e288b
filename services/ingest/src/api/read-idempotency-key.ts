/**
 * Null: there is none. Undefined: it is no valid key. The draft standard quotes the key, most clients don't; both are
 * the same key.
 */
export function readIdempotencyKey(header: string | undefined): string | null | undefined {
  if (header === undefined) return null;
  const key = header.trim().replace(/^"(.*)"$/, '$1');
  return /^[\x21-\x7e]{1,200}$/.test(key) ? key : undefined;
}
