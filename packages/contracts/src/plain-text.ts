/**
 * A text that every database, stream and CRM takes: half surrogates become U+FFFD, NUL and the other control characters
 * that no text needs are taken out. Line breaks and tabs stay.
 */
export function repairText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\t\n\r]/gu, '');
}

/** At most `maxCharacters` UTF-16 units of a well-formed text, never half a character. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const cut = text.slice(0, maxCharacters);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
