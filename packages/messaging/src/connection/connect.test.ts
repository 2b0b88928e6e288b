import { expect, test } from 'vitest';
import { atLeast } from './connect.ts';

test.for([
  ['2.9.10', [2, 10, 0], false],
  ['2.10.0', [2, 10, 0], true],
  ['2.10.3', [2, 10, 4], false],
  ['2.10.4', [2, 10, 4], true],
  ['2.11.0-RC.1', [2, 10, 4], true],
  ['v2.15.1', [2, 10, 4], true],
  ['3.0.0', [2, 10, 4], true],
  ['unknown', [2, 10, 0], false],
] as const)('server %s is at least %o: %s', ([version, wanted, enough]) => {
  expect(atLeast(version, wanted)).toBe(enough);
});
