import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const program = join(import.meta.dirname, '../../deploy/strip-types.mjs');
const run = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });

test('what is stripped runs by its old names, without the compiler, with its lines and columns as they were', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-strip-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  put('package.json', '{ "type": "module", "exports": { "./part": "./src/part.ts" }, "name": "own" }');
  put(
    'src/main.ts',
    `import { part, type Part } from './part.ts';\nconst told: Part = part;\nconsole.log(told.name);\n`,
  );
  put('src/part.ts', `export type Part = { name: string };\nexport const part: Part = { name: 'a part' };\n`);
  put('src/part.d.ts', 'export {};\n');
  put('node_modules/other/index.ts', 'export const a: number = 1;\n');

  run(program, folder);

  expect(run('--no-strip-types', join(folder, 'src/main.ts'))).toBe('a part\n');
  const own = `import { part } from 'own/part'; console.log(part.name);`;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', own], { cwd: folder, encoding: 'utf8' })).toBe(
    'a part\n',
  );
  expect(readFileSync(join(folder, 'src/main.js'), 'utf8').split('\n')[1]).toBe('const told       = part;');
  expect(lstatSync(join(folder, 'src/part.ts')).isSymbolicLink()).toBe(true);
  expect(existsSync(join(folder, 'src/part.d.js'))).toBe(false);
  expect(existsSync(join(folder, 'node_modules/other/index.js'))).toBe(false);
});
