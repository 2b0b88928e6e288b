const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A text of at most `most` UTF-16 units, cut between two characters as people see them: no half of an emoji, no consonant
 * without its vowel sign. What is cut ends with "…".
 */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  if (maxCharacters < 1) return '';
  let end = 0;
  for (const { index, segment } of characters.segment(text.slice(0, maxCharacters + longestCharacter))) {
    if (index + segment.length > maxCharacters - 1) break;
    end = index + segment.length;
  }
  // One character longer than all the room: between its code points at least.
  const kept = end === 0 ? text.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '') : text.slice(0, end);
  return `${kept.trimEnd()}…`;
}

/** A family of emoji has up to 25 units; what is longer is cut by the room that there is. */
const longestCharacter = 64;
