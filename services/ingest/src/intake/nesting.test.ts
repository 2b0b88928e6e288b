import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxLevels, nestsTooDeep, textNestsTooDeep, writeJson } from './nesting.ts';

const nested = (levels: number, of = '"["'): string => '{"a":['.repeat(levels / 2) + of + ']}'.repeat(levels / 2);

test.for([
  ['a text', '"[[[["', false],
  ['a number', '7', false],
  ['nothing', 'null', false],
  ['as deep as may be', nested(maxLevels), false],
  ['one level deeper', `[${nested(maxLevels)}]`, true],
  ['a hundred thousand levels', nested(100_000), true],
] as const)('%s', ([, text, expected]) => {
  expect([textNestsTooDeep(text), nestsTooDeep(JSON.parse(text))]).toEqual([expected, expected]);
});

test('brackets inside of texts are no levels, whatever is escaped', () => {
  expect(textNestsTooDeep(JSON.stringify({ a: `\\"${'['.repeat(500)}` }))).toBe(false);
});

test('what JSON.stringify can write is written the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(writeJson(value)).toBe(JSON.stringify(value));
    }),
  );
});

test('what it can not write is written too', () => {
  const text = nested(100_000);
  expect(() => JSON.stringify(JSON.parse(text))).toThrow(RangeError);
  expect(writeJson(JSON.parse(text))).toBe(text);
});
