import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resolveWhen, type Reading } from './resolve-when.ts';

const zone = 'Asia/Kolkata';
const corpus = readFileSync(new URL('../corpus/when.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'));

test('the corpus has every line whole', () => {
  expect(corpus.filter((line) => line.length !== 3)).toEqual([]);
  expect(corpus.length).toBeGreaterThanOrEqual(250);
});

test.each(corpus)('%s "%s" means %s', (now = '', words = '', meaning = '') => {
  expect(toText(resolveWhen(words, new Date(`${now.replace(' ', 'T')}:00+05:30`), zone))).toBe(meaning);
});

function toText(when: ReturnType<typeof resolveWhen>): string {
  if (when.kind === 'none') return 'none';
  return (when.kind === 'time' ? [when] : when.readings).map(showReading).join(' | ');
}

function showReading({ at, precision }: Reading): string {
  const wall = new Date(at.getTime() + 5.5 * 3_600_000).toISOString();
  return `${wall.slice(0, 10)} ${wall.slice(11, 16)} ${precision}`;
}

test('no text of any words throws, and no answer lies in the past or holds more than three readings', () => {
  const word = fc.constantFrom(...new Set(corpus.flatMap(([, words = '']) => words.split(/\s+/))));
  const when = fc.date({ min: new Date('2024-01-01'), max: new Date('2032-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 8 }), when, (words, now) => {
      const answer = resolveWhen(words.join(' '), now, zone);
      const readings = answer.kind === 'time' ? [answer] : answer.kind === 'readings' ? answer.readings : [];
      for (const { at } of readings) expect(at.getTime()).toBeGreaterThanOrEqual(now.getTime());
      if (answer.kind === 'readings') expect([2, 3]).toContain(answer.readings.length);
    }),
    { numRuns: 5_000 },
  );
});

test('the zone is the person’s: where clocks are moved, the time on the wall counts', () => {
  // New York moves its clocks on 8 March 2026 at two in the morning.
  const now = new Date('2026-03-07T15:00:00Z');
  expect(resolveWhen('tomorrow at 5 pm', now, 'America/New_York')).toEqual({
    kind: 'time',
    at: new Date('2026-03-08T21:00:00Z'),
    precision: 'exact',
  });
});

test('a zone that is none is an error', () => {
  expect(() => resolveWhen('kal', new Date(), 'India')).toThrow(RangeError);
});
