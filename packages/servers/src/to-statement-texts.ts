/**
 * Appends to a chunk for Postgres the texts of the prepared statements that it runs by name, because a client sends
 * each text only once. `known` keeps the texts of one connection.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (Parse, Bind)
 */
export function toStatementTexts(chunk: string, known: Map<string, string>): string {
  // Parse holds its length, the name and the text. Bind holds its length, an unnamed portal and the name.
  for (const [, name = '', text = ''] of chunk.matchAll(/P[^]{4}(\w{1,63})\0([^\0]+)\0/g)) known.set(name, text);
  if (known.size === 0) return chunk;
  const texts = [...chunk.matchAll(/B[^]{4}\0(\w{1,63})\0/g)].map(([, name = '']) => known.get(name) ?? '');
  return [chunk, ...texts].join('\n');
}
