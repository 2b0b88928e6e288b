/**
 * A chunk on its way to Postgres, followed by the texts of the prepared statements that it runs by name: a client sends
 * their text once. `known` keeps the texts of one connection.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (Parse, Bind)
 */
export function toStatementTexts(chunk: string, known: Map<string, string>): string {
  // Parse: its length, the name, the text. Bind: its length, an unnamed portal, the name.
  for (const [, name = '', text = ''] of chunk.matchAll(/P[^]{4}(\w{1,63})\0([^\0]+)\0/g)) known.set(name, text);
  if (known.size === 0) return chunk;
  const texts = [...chunk.matchAll(/B[^]{4}\0(\w{1,63})\0/g)].map(([, name = '']) => known.get(name) ?? '');
  return [chunk, ...texts].join('\n');
}
