import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** Only its owner may enter it, as root's home; Postgres runs as somebody else where the owner is root. */
let above: string;
let clone: string;

beforeAll(() => {
  above = mkdtempSync(join(tmpdir(), 'leadline-clone-'));
  clone = join(above, 'राम’s leads, 2nd try');
  const left = ['node_modules', '.git', '.leadline', 'dist'];
  cpSync(root, clone, { recursive: true, filter: (path) => path === root || !left.includes(basename(path)) });
});
afterAll(() => rmSync(above, { recursive: true, force: true, maxRetries: 20 }));

const env = { ...process.env, DATABASE_URL: '', NATS_URL: '', SAMPLE_LEADS: 'off', CI: '' };

async function start(): Promise<{ npm: ChildProcess; words: () => string }> {
  const npm = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(npm);
  let said = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  await until(
    'Leadline runs',
    () => {
      if (npm.exitCode !== null) throw new Error(said);
      return said.includes('Ctrl-C stops everything');
    },
    400_000,
  );
  return { npm, words: () => said };
}

async function end(npm: ChildProcess): Promise<void> {
  npm.kill('SIGTERM');
  await until('npm has ended', () => npm.exitCode !== null || npm.signalCode !== null);
}

test(
  'a clone that only its owner may enter, below a name of blanks and other letters, starts, tests and is reset',
  { timeout: 1_200_000 },
  async () => {
    const first = await start();
    expect(first.words()).toMatch(/installing Node 24 and the packages .* log: .*install\.log/);
    expect(first.words().split('\n').length).toBeLessThan(40);
    await end(first.npm);

    const second = await start();
    expect(second.words()).not.toContain('installing');
    await end(second.npm);

    const file = 'packages/setup/src/second-login.int.test.ts';
    const { stdout } = await run('npm', ['test', '--', '--project', 'integration', file], { cwd: clone, env });
    expect(stdout).toContain('1 passed');

    await run('npm', ['run', 'reset'], { cwd: clone, env });
    expect(existsSync(join(clone, '.leadline'))).toBe(false);
  },
);
