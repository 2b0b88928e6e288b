import { expect, test } from 'vitest';
import { version } from './version.ts';

test('the version is the one of the repository, and a clone names no commit', () => {
  expect(version()).toMatch(/^\d+\.\d+\.\d+$/);
});
