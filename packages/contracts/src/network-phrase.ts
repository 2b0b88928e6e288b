import { toAsciiDigits } from './ascii-digits.ts';
import { cutText, repairText } from './plain-text.ts';

const maxPhraseCharacters = 120;

/**
 * A provider's own words on a call, fit to be kept and shown: addresses and every number of five digits or more, however
 * they are grouped, are masked; SIP codes and causes stay. @returns undefined where nothing is left
 */
export function toNetworkPhrase(text: string): string | undefined {
  const phrase = toAsciiDigits(repairText(text).slice(0, 2_000))
    .replaceAll(/(?:\b(?:sips?|tel):)?[^\s<>"@]+@[^\s<>";,]+/gi, '…')
    .replaceAll(/\b(?:sips?|tel):[^\s<>";,]+/gi, '…')
    .replaceAll(/\+?\d(?:[\s().-]{0,2}\d){4,}/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return phrase === '' ? undefined : cutText(phrase, maxPhraseCharacters);
}
