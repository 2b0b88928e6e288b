/**
 * Makes a text storable in every database, stream and CRM: replaces lone surrogates by U+FFFD, and removes NUL and
 * other control characters. Keeps line breaks and tabs.
 */
export function repairText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\t\n\r]/gu, '');
}

/** At most `maxCharacters` UTF-16 units of a well-formed text; never splits a surrogate pair. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const cut = text.slice(0, maxCharacters);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
