import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { RawDelivery } from './adapter.ts';
import { adapters, findAdapter } from './registry.ts';

const folder = join(import.meta.dirname, 'fixtures');
const fixtures = globSync('*/*.{json,form,query,txt}', { cwd: folder }).toSorted();

/** `.json` and `.txt` are bodies, `.form` is a form's, `.query` what stands after the question mark of a GET. */
function toDelivery(file: string): RawDelivery {
  const text = new TextDecoder().decode(readFileSync(join(folder, file))).replace(/\n$/, '');
  if (file.endsWith('.query')) return { method: 'GET', query: text, contentType: null, text: '' };
  const contentType = file.endsWith('.form') ? 'application/x-www-form-urlencoded' : 'application/json';
  return { method: 'POST', query: '', contentType, text };
}

test('every adapter has its fixtures', () => {
  const sources = new Set(fixtures.map((file) => dirname(file)));
  expect([...sources].toSorted()).toEqual(adapters.map(({ source }) => source).toSorted());
});

test.for(fixtures)('%s is read as it stands beside it', async (file) => {
  const parsed = findAdapter(dirname(file))?.parse(toDelivery(file), {});
  await expect(`${JSON.stringify(parsed, undefined, 2)}\n`).toMatchFileSnapshot(
    join(folder, dirname(file), 'read', `${basename(file, extname(file))}.json`),
  );
});

test.for(adapters)('whatever $source sends, it is read or told to be unreadable', (adapter) => {
  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '[[]]',
    '"x"',
    '1',
    '{"RESPONSE":null}',
    '{',
    '\0',
    '<html>',
    '[null, 1]',
  ]) {
    for (const contentType of [null, 'application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const parsed = adapter.parse({ method: 'POST', query: '', contentType, text }, {});
      if (parsed.ok) expect(parsed.leads.length).toBeGreaterThan(0);
      else expect(parsed.faults.length).toBeGreaterThan(0);
    }
  }
});
