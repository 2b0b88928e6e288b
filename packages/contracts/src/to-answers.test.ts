import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxAnswerCharacters, maxAnswers, maxKeyCharacters, maxReportCharacters, toAnswers } from './to-answers.ts';

const answersOf = (reported: Record<string, unknown>) => toAnswers(reported).answers;

test('nulls, empty texts and words for nothing are no answers; other keys, numbers and booleans are kept as text', () => {
  const reported = {
    budget: '8 lakh',
    location: null,
    own_brand: '  ',
    seriousness: 'N/A',
    shoe_size: 9,
    video_demo: true,
  };
  expect(answersOf(reported)).toEqual({ budget: '8 lakh', shoe_size: '9', video_demo: 'true' });
});

test.for<[unknown, string | undefined]>([
  [['paper cup machine', 'paper plate machine'], 'paper cup machine, paper plate machine'],
  [{ city: 'Pune', state: 'Maharashtra' }, 'city: Pune, state: Maharashtra'],
  [{ city: 'Pune', pin_code: 411_001, area: null }, 'city: Pune, pin code: 411001'],
  [[{ city: 'Pune', state: 'MH' }, { city: 'Surat' }], 'city: Pune, state: MH; city: Surat'],
  ['["paper cup machine", "plates"]', 'paper cup machine, plates'],
  ['{"city": "Pune"}', 'city: Pune'],
  ['[not json', '[not json'],
  ['{see above}', '{see above}'],
  [['null', 'N/A', null], undefined],
  [{ city: 'not mentioned', state: null }, undefined],
  [[], undefined],
  [{}, undefined],
  ['[]', undefined],
  ['Pune\u0000', 'Pune'],
  ['Pune \ud800', 'Pune \ufffd'],
  ['0', '0'],
  [0, '0'],
  [false, 'false'],
  ['None of the small ones, the big one', 'None of the small ones, the big one'],
])('%j is kept as %j', ([value, text]) => {
  expect(answersOf({ budget: value })).toEqual(text === undefined ? {} : { budget: text });
});

test('keys are repaired and cut, and none of two that become one is lost', () => {
  expect(answersOf({ 'bud\u0000get': '8', budget: '9', '': 'x', ['k'.repeat(300)]: 'y' })).toEqual({
    budget: '8; 9',
    answer: 'x',
    ['k'.repeat(200)]: 'y',
  });
  expect(answersOf(JSON.parse('{"__proto__": "8 lakh", "constructor": "z"}') as Record<string, unknown>)).toEqual({
    proto: '8 lakh',
    constructor: 'z',
  });
});

test('of what is too much as much is kept as fits, and the rest is told', () => {
  const long = toAnswers({ note: 'x'.repeat(30_000), budget: '8 lakh' });
  expect(long.answers['note']).toHaveLength(maxAnswerCharacters);
  expect(long.answers['budget']).toBe('8 lakh');
  expect(long.faults).toEqual([{ key: 'note', outcome: 'cut', detail: 'the answer is too long' }]);
  const many = toAnswers(Object.fromEntries(Array.from({ length: 300 }, (_, no) => [`k${no}`, 'x'])));
  expect(Object.keys(many.answers)).toHaveLength(maxAnswers);
  expect(many.faults).toHaveLength(300 - maxAnswers);
});

test('whatever is reported becomes bounded, well-formed text, and becomes the same again', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })), (reported) => {
      const { answers } = toAnswers(reported);
      const texts = Object.entries(answers).flat();
      for (const text of texts) expect(text.isWellFormed() && !text.includes('\u0000')).toBe(true);
      expect(Object.keys(answers).every((key) => key !== '' && key.length <= maxKeyCharacters)).toBe(true);
      expect(Object.values(answers).join('').length).toBeLessThanOrEqual(maxReportCharacters);
      expect(answersOf(answers)).toEqual(answers);
    }),
    { numRuns: 3_000 },
  );
});
