import { expect, test } from 'vitest';
import { toTable } from './to-table.ts';

test('columns are as wide as their longest cell, and numbers stand on the right', () => {
  const table = toTable(
    ['durable', 'waiting', 'since'],
    [
      ['crm-pusher', 7, '2 s'],
      ['dispatcher-leads', 12_345, null],
    ],
  );
  expect(table).toBe(
    ['durable           waiting  since', 'crm-pusher              7  2 s', 'dispatcher-leads    12345'].join('\n'),
  );
});

test('a table without rows is its head', () => {
  expect(toTable(['a', 'b'], [])).toBe('a  b');
});
