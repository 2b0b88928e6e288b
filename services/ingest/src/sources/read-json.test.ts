import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxLevels } from '../intake/nesting.ts';
import { readJson, unpackJson, type Written } from './read-json.ts';

describe('what is meant is not in doubt', () => {
  test.for<[string, string, Written]>([
    ['a line end inside of a text', '{"a":"1\n2","b":"x"}', { a: '1\n2', b: 'x' }],
    ['a carriage return, a tab and a NUL inside of a text', '{"a\t":"1\r\n2\t3\0"}', { 'a\t': '1\r\n2\t3\0' }],
    ['a text that ends in a backslash', '{"a":"b\\\\","c":"d\ne"}', { a: 'b\\', c: 'd\ne' }],
    ['a quote that is escaped', '{"a":"5\\" pipe,\n]","b":"x",}', { a: '5" pipe,\n]', b: 'x' }],
    ['a comma behind the last member', '{"a":"b",}', { a: 'b' }],
    ['a comma behind the last entry, and space', '[1,[2 , ] ,\n]', ['1', ['2']]],
    ['a comma behind all of it', '{"a":"b"},\n', { a: 'b' }],
    ['a byte order mark', '\ufeff{"a":"b"}', { a: 'b' }],
    ['JSON as a text', JSON.stringify('{"a":"b\\nc"}'), { a: 'b\nc' }],
    ['JSON as a text with a raw line end', '"{\\"a\\":\\"b\nc\\"}"', { a: 'b\nc' }],
    ['JSON as a text as a text', JSON.stringify(JSON.stringify('{"a":1}')), { a: '1' }],
    ['a text that is only a text', '"[urgent] call"', '[urgent] call'],
  ])('%s', ([, text, read]) => {
    expect(readJson(text)).toEqual(read);
  });
});

test.for([
  '',
  '{',
  '{"a":"b"',
  '{"a":"b',
  '{"a":"b\n',
  '{"a":"b",',
  '[{"a":"b"},',
  '{"a":"b","c',
  '{,}',
  '[,]',
  '{"a":,}',
  '[1,,]',
  '{"a":"b" "c":"d"}',
  "{'a':'b'}",
  '{a:"b"}',
  '{"a":"say "hi""}',
  '{"a":b}',
])('nothing is guessed: %j', (text) => {
  expect(readJson(text)).toBeUndefined();
});

test('a body that is cut off stays unreadable', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
      const text = JSON.stringify({ value });
      expect(readJson(text.slice(0, 1 + (at % (text.length - 1))))).toBeUndefined();
    }),
  );
});

test('JSON is read as it stands, mended or not', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify({ value }, undefined, 1);
      expect(readJson(text.replace(/\n\}$/, ',\n}'))).toEqual(readJson(text));
      expect(readJson(JSON.stringify(text))).toEqual(readJson(text));
    }),
  );
});

test('what is nested deeper than anybody nests is refused, however deep', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  expect(readJson(nested(maxLevels))).toBeDefined();
  for (const depth of [maxLevels + 1, 2_000, 100_000]) {
    expect(readJson(nested(depth))).toBeUndefined();
    expect(readJson(JSON.stringify(nested(depth)))).not.toBeInstanceOf(Array);
    expect(readJson('{"a":'.repeat(depth))).toBeUndefined();
  }
});

test('a text in a field is unpacked where it is a list or a record', () => {
  expect(unpackJson('{"q3_name":{"first":"Neha"}}')).toEqual({ q3_name: { first: 'Neha' } });
  expect(unpackJson('[urgent] call')).toBe('[urgent] call');
  expect(unpackJson('"quoted"')).toBe('"quoted"');
});

describe('the work grows as the body does', () => {
  test.for<[string, (size: number) => string]>([
    ['commas', (size) => `[${','.repeat(size)}]`],
    ['commas and space', (size) => `[1${', '.repeat(size)}]`],
    ['line ends in a text', (size) => `{"a":"${'\n'.repeat(size)}"`],
    ['quotes', (size) => '"'.repeat(size)],
    ['backslashes', (size) => `{"a":"${'\\'.repeat(size)}`],
    ['brackets', (size) => '['.repeat(size)],
    ['records', (size) => '{"a":'.repeat(size)],
  ])('%s', ([, make]) => {
    // CPU, for other programs take turns with this one.
    const cpuMs = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    };
    const cost = (size: number): number => {
      const text = make(size);
      return Math.min(
        ...Array.from({ length: 5 }, () => {
          const before = cpuMs();
          readJson(text);
          return cpuMs() - before;
        }),
      );
    };
    cost(16_384);
    // Eight times as much; square growth would cost 64 times as much. What takes less than 2 ms can't be measured well.
    expect(cost(262_144) / Math.max(cost(32_768), 2)).toBeLessThan(40);
  });
});
