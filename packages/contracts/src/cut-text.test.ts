import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText } from './cut-text.ts';

test.for([
  ['short enough', 'abc', 3, 'abc'],
  ['cut', 'abcdef', 4, 'abc…'],
  ['between words', 'abc def', 5, 'abc…'],
  ['no half of an emoji', 'ab😀cd', 4, 'ab…'],
  ['no half of a family', 'a👨‍👩‍👧x', 8, 'a…'],
  ['no flag in two', 'a🇮🇳b', 4, 'a…'],
  ['no letter without its sign', 'काकिकी', 4, 'का…'],
  ['one character longer than the room', '👨‍👩‍👧‍👦', 4, '👨\u200D…'],
  ['no room', 'abc', 0, ''],
] as const)('%s', ([, text, most, expected]) => {
  expect(cutText(text, most)).toBe(expected);
});

test('never longer than it may be, never with half a character, and always the beginning', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 0, max: 70 }), (text, most) => {
      const cut = cutText(text, most);
      expect(cut.length).toBeLessThanOrEqual(most);
      expect(cut.isWellFormed()).toBe(true);
      expect(text.startsWith(cut.replace(/…$/, ''))).toBe(true);
      if (text.length <= most) expect(cut).toBe(text);
    }),
  );
});
