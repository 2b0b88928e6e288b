import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants, toMutated } from './mutants.ts';

test('there are thirteen mutants', () => {
  expect(mutants).toHaveLength(13);
});

test.for(mutants)('the code holds what "$name" takes out of it', (mutant) => {
  const changed = toMutated(mutant, join(import.meta.dirname, '../..'));
  expect(changed.size).toBeGreaterThan(0);
});
