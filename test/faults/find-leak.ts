/** UUIDs, trace and span ids: among as many of them as a long run has, some hold ten digits that are a lead's number. */
const randomIds = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\b(?:[\da-f]{32}|[\da-f]{16})\b/g;
/** A JWT, such as LiveKit's. */
const signedToken = /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/;

/**
 * The first of `words` (names, addresses, secrets), of `numbers` (ten digits each) or signed token that `text` holds:
 * how it begins, and what stands before it, never the whole of it.
 */
export function findLeak(text: string, words: readonly string[], numbers: readonly string[]): string | undefined {
  const named = text.replaceAll(randomIds, '…');
  const found =
    words.find((word) => text.includes(word)) ??
    numbers.find((number) => named.includes(number)) ??
    signedToken.exec(text)?.[0];
  if (found === undefined) return undefined;
  const at = named.indexOf(found);
  return `${found.slice(0, 4)}… after ${JSON.stringify(named.slice(Math.max(0, at - 40), Math.max(0, at)))}`;
}
