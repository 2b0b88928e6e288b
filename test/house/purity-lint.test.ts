import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const top = join(import.meta.dirname, '../..');
// The linter matches paths from the folder of its settings: the planted files must lie below it.
const planted = mkdtempSync(join(top, 'services/ingest/src/planted-'));
afterAll(() => rmSync(planted, { recursive: true }));

const impure = {
  clock: 'export const at = () => Date.now();\n',
  chance: 'export const at = () => Math.random();\n',
  timer: 'export const at = () => performance.now();\n',
  database: "export { rows } from '@leadline/database/sql';\n",
  file: "export { readFileSync } from 'node:fs';\n",
};
const places = ['decide-', 'to-', 'nested/decide-', 'nested/deeper/to-'];

function plant(name: string, source: string): string {
  const file = join(planted, `${name}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  return name;
}

test('the linter refuses a clock, chance, a database and a file in a pure rule, however deep its folder lies', () => {
  const wrong = places.flatMap((place) => Object.entries(impure).map(([what, source]) => plant(place + what, source)));
  const right = places.map((place) => plant(`${place}double`, 'export const double = (n: number): number => n * 2;\n'));
  const { status, stdout } = spawnSync(
    join(top, 'node_modules/.bin/oxlint'),
    ['--no-ignore', '--format=json', planted],
    {
      cwd: top,
      encoding: 'utf8',
    },
  );
  expect(status).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
  const refused = new Set(
    diagnostics
      .filter(({ code }) => /no-restricted-(imports|properties)/.test(code))
      .map(({ filename }) => filename.split(`${planted.slice(top.length + 1)}/`)[1]?.replace('.ts', '')),
  );
  expect(refused).toEqual(new Set(wrong));
  expect(right.filter((name) => refused.has(name))).toEqual([]);
});
