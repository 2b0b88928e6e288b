/**
 * What a trunk means by its words on a refused dial. `person`: the code says what the person did. `switched_off`: the phone
 * was not reached and did not ring. `no_channel`: the trunk had no channel free. `account`: the provider refuses our account.
 */
const phraseMeanings = ['person', 'switched_off', 'no_channel', 'account'] as const;
export type PhraseMeaning = (typeof phraseMeanings)[number];

export type TrunkPhrase = { phrase: string; meaning: PhraseMeaning };

/**
 * Reads `no channel=no_channel; 480 subscriber absent=switched_off`. A phrase may begin with a SIP code.
 * @throws Error that names the part which can't be read
 */
export function parseTrunkPhrases(text: string): TrunkPhrase[] {
  return text
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, phrase = '', meaning = ''] = /^(.*)=([^=]*)$/s.exec(part) ?? [];
      const known = phraseMeanings.find((one) => one === meaning.trim());
      if (toComparable(phrase) === '' || known === undefined) {
        throw new Error(
          `has a part that can't be read: "${part}"; write it like no channel=no_channel, with one of ${phraseMeanings.join(', ')}`,
        );
      }
      return { phrase: phrase.trim(), meaning: known };
    });
}

/** What these words mean, by the first entry whose words stand among them, whole and in their order; else the person. */
export function meaningOf(sipStatus: number, words: string, phrases: readonly TrunkPhrase[]): PhraseMeaning {
  const text = ` ${toComparable(`${sipStatus} ${words}`)} `;
  return phrases.find(({ phrase }) => text.includes(` ${toComparable(phrase)} `))?.meaning ?? 'person';
}

function toComparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}
