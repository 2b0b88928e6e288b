import { expect, test } from 'vitest';
import { meaningOf, parseTrunkPhrases } from './trunk-phrases.ts';

const phrases = parseTrunkPhrases(`
  480 subscriber absent = switched_off; no channel=no_channel
  D2=no_channel; Busy Here=person; busy=no_channel; account a=b=account`);

test.for<[number, string, string]>([
  [480, 'Subscriber Absent', 'switched_off'],
  [480, 'SUBSCRIBER-ABSENT (20)', 'switched_off'],
  [404, 'Subscriber absent', 'person'],
  [503, 'No channel free', 'no_channel'],
  [503, 'no channels', 'person'],
  [403, 'Error D2: limit', 'no_channel'],
  [403, 'Error D22', 'person'],
  // The first entry counts.
  [486, 'Busy here', 'person'],
  [486, 'Line busy', 'no_channel'],
  [403, 'Account a/b', 'account'],
  [480, '', 'person'],
])('%i %s means %s', ([code, words, meaning]) => {
  expect(meaningOf(code, words, phrases)).toBe(meaning);
  expect(meaningOf(code, words, [])).toBe('person');
});

test.for(['no channel', 'no channel=', '=no_channel', 'no channel=full', '---=person'])(
  '%j is refused by name',
  (text) => {
    expect(() => parseTrunkPhrases(`a=person; ${text}`)).toThrow(text);
  },
);
