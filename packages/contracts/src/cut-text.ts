const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Cuts a text to at most `maxCharacters` UTF-16 units, between two characters as people see them: it splits no emoji,
 * and no consonant from its vowel sign. A text that was cut ends with "…".
 */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  if (maxCharacters < 1) return '';
  let end = 0;
  for (const { index, segment } of characters.segment(text.slice(0, maxCharacters + longestCharacter))) {
    if (index + segment.length > maxCharacters - 1) break;
    end = index + segment.length;
  }
  // A single character longer than the whole room: cut between its code points.
  const kept = end === 0 ? text.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '') : text.slice(0, end);
  return `${kept.trimEnd()}…`;
}

/** A family emoji has up to 25 units. Longer characters are cut to fit. */
const longestCharacter = 64;
