import { expect, test } from 'vitest';
import { diffRows } from './diff-rows.ts';

const diff = (before: object[], after: object[]) => diffRows(before, after, (row) => (row as { id: number }).id);

test('a row that says the same is neither replaced nor written, whatever the order of its fields', () => {
  expect(diff([{ id: 1, step: 2, day: '2026-11-30' }], [{ day: '2026-11-30', step: 2, id: 1 }])).toEqual({
    replaced: [],
    changed: [],
    gone: [],
  });
});

test('a row that says something else replaces the kept one', () => {
  expect(
    diff(
      [
        { id: 1, step: 2 },
        { id: 2, step: 0 },
      ],
      [
        { id: 1, step: 3 },
        { id: 2, step: 0 },
      ],
    ),
  ).toEqual({
    replaced: [{ id: 1, step: 2 }],
    changed: [{ id: 1, step: 3 }],
    gone: [],
  });
});

test('a row that is no more is gone, and a new one is written', () => {
  expect(diff([{ id: 1, step: 2 }], [{ id: 2, step: null }])).toEqual({
    replaced: [{ id: 1, step: 2 }],
    changed: [{ id: 2, step: null }],
    gone: [1],
  });
});
