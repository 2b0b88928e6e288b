import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeAnswers, unknownKeys } from './qualification.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 24, 5, 30, second));

test('keys that the mode does not name are told', () => {
  expect(unknownKeys('openai_realtime', { budget: '8', machine_interest: 'x' })).toEqual(['machine_interest']);
});

test('a later report corrects a key, an earlier one that comes late does not', () => {
  const first = mergeAnswers({}, {}, { budget: '8 lakh' }, at(10));
  const corrected = mergeAnswers(first.answers, first.times, { budget: '9 lakh' }, at(20));
  expect(corrected.answers).toEqual({ budget: '9 lakh' });
  expect(mergeAnswers(corrected.answers, corrected.times, { budget: '1', city: 'Pune' }, at(5)).answers).toEqual({
    budget: '9 lakh',
    city: 'Pune',
  });
});

test('reports give the same answers in any order and however often they come', () => {
  const report = fc.record({
    second: fc.integer({ min: 0, max: 5 }),
    answers: fc.dictionary(fc.constantFrom('a', 'b', 'constructor', 'toString'), fc.constantFrom('x', 'y', 'z')),
  });
  const merge = (reports: { second: number; answers: Record<string, string> }[]) =>
    reports.reduce((known, next) => mergeAnswers(known.answers, known.times, next.answers, at(next.second)), {
      answers: {},
      times: {},
    });
  fc.assert(
    fc.property(fc.array(report, { maxLength: 6 }), fc.func(fc.nat()), (reports, order) => {
      const shuffled = [...reports, ...reports].toSorted((a, b) => order(a, reports) - order(b, reports));
      expect(merge(shuffled).answers).toEqual(merge(reports).answers);
    }),
  );
});
