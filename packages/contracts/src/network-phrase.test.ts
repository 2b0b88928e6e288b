import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toNetworkPhrase } from './network-phrase.ts';

test.for<[string, string | undefined]>([
  ['Temporarily Unavailable', 'Temporarily Unavailable'],
  ['Q.850;cause=19;text="No answer from user"', 'Q.850;cause=19;text="No answer from user"'],
  ['Channel limit D2 reached, 30 of 30', 'Channel limit D2 reached, 30 of 30'],
  ['Call to +91 98765-43210 refused', 'Call to … refused'],
  ['919876543210 is switched off', '… is switched off'],
  ['no route to ९८७६५४३२१०', 'no route to …'],
  ['sip:+919876543210@10.0.0.7:5060;user=phone failed', '…;user=phone failed'],
  ['ask asha@example.org', 'ask …'],
  ['sip:98765 not here', '… not here'],
  [' \u0000 ', undefined],
  ['', undefined],
])('%j is kept as %j', ([text, kept]) => {
  expect(toNetworkPhrase(text)).toBe(kept);
});

test('no number of a phone is left, however it is written between words', () => {
  const digits = fc.stringMatching(/^[6-9]\d{9}$/);
  const written = digits.chain((number) =>
    fc.constantFrom(
      number,
      `+91${number}`,
      `${number.slice(0, 5)} ${number.slice(5)}`,
      `0${number.slice(0, 3)}-${number.slice(3)}`,
      `(91) ${number}`,
    ),
  );
  fc.assert(
    fc.property(written, fc.string(), fc.string(), (number, before, behind) => {
      expect(toNetworkPhrase(`${before} ${number} ${behind}`.slice(0, 100)) ?? '').not.toMatch(/\d{5}/);
    }),
  );
});
