import { toKey } from './read-fields.ts';

/** Words that people put before or after a field's name when they ask for it. */
const fillers = new Set(
  `your my ur enter please pls plz kindly type write provide give share tell fill us me what whats is s the a an here valid
   required optional आपका आपकी आपके अपना अपनी अपने कृपया दर्ज करें लिखें बताएं बताएँ डालें भरें तुमचे तुमचा तुमची आपले आपला आपली तुमचं
   તમારું તમારો તમારી તમારા આપનું આપનો આપનું લખો உங்கள் உங்களது தங்கள்`
    .split(/\s+/)
    .map(toKey),
);

/** Longer than any question. */
export const maxName = 500;

/**
 * The keys for a field's name: as it is, and without what forms add: `q4_phoneNumber`, `tel-619`, `Your Mobile No.
 * (WhatsApp) *`, `आपका नाम:`. It never strips a name to less than a name: `form_id` stays.
 */
export function toNameKeys(name: string): string[] {
  if (name.length > maxName) return [toKey(name)];
  const plain = name
    // `Name (First)` is a part of the name; `Mobile (WhatsApp)` has a remark.
    .replaceAll(/\(\s*(first|middle|last|given|family|surname)\s*\)/gi, ' $1 ')
    .replaceAll(/\([^)]*\)|\[[^\]]*\]/g, ' ')
    .replace(/^q\d+_(.*?)\d*$/is, '$1')
    .replace(/(?<=\p{L})[-_]\d{1,6}$/u, '');
  const words = plain.split(/[^\p{L}\p{M}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((word) => word !== '');
  const isFiller = (word: string | undefined): boolean => word !== undefined && fillers.has(toKey(word));
  while (words.length > 1 && isFiller(words[0])) words.shift();
  while (words.length > 1 && isFiller(words.at(-1))) words.pop();
  return [...new Set([toKey(name), toKey(words.join(' '))])].filter((key) => key !== '');
}
