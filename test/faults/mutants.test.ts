import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeMutant, mutants, toMutated } from './mutants.ts';

const repository = join(import.meta.dirname, '../..');

test('there are nineteen mutants', () => {
  expect(mutants).toHaveLength(19);
});

test.for(mutants)('the code holds what "$name" takes out of it', (mutant) => {
  const changed = toMutated(mutant, repository);
  expect(changed.size).toBeGreaterThan(0);
});

test('a copy runs its own packages, from wherever they are named', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'leadline-copy-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [mutant] = mutants;
  if (mutant === undefined) throw new Error('there is no mutant');
  makeMutant(mutant, repository, folder);
  for (const from of ['test/faults/service-process.ts', 'services/dispatcher/src/start.ts'])
    expect(createRequire(join(folder, from)).resolve('@leadline/messaging/connect')).toContain(folder);
});
