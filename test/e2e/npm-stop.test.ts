import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

// A supervisor, an editor's stop button or a container's stop signals npm alone, and a killed npm signals nobody.

const root = join(import.meta.dirname, '../..');
let mark: string;
let folder: string;
let npm: ChildProcess;
let said: string;

beforeEach(() => {
  mark = randomBytes(8).toString('hex');
  folder = mkdtempSync(join(tmpdir(), 'leadline-stop-'));
  said = '';
});
afterEach(() => {
  for (const { pid } of markedProcesses()) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

function startNpm(args: readonly string[]): void {
  npm = spawn('npm', args, {
    cwd: root,
    env: {
      ...process.env,
      STOP_TEST_MARK: mark,
      LEADLINE_STATE_DIR: folder,
      DATABASE_URL: '',
      NATS_URL: '',
      SAMPLE_LEADS: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (data: Buffer) => (said += data.toString()));
}

/** Every process that inherited this test's mark, whoever its parent is by now. */
function markedProcesses(): { pid: number; parent: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environ = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (!environ.includes(`STOP_TEST_MARK=${mark}`)) return [];
        const parent = Number(/\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]);
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent, command }];
      } catch {
        // Gone meanwhile.
        return [];
      }
    });
}

/** The moment at which a signal finds neither shell nor Node with a handler for it. */
const atOnce = (): boolean => markedProcesses().some(({ parent }) => parent === npm.pid);
const hasSaid = (words: string) => (): boolean => said.includes(words);
const runs = hasSaid('Ctrl-C stops everything');
const oneFile = ['--', '--project', 'integration', 'packages/local/src/leftovers.int.test.ts'];

test.runIf(process.platform === 'linux').for([
  ['SIGTERM', 'once all runs', ['start'], runs],
  ['SIGKILL', 'once all runs', ['start'], runs],
  ['SIGHUP', 'once all runs', ['start'], runs],
  ['SIGINT', 'once all runs', ['start'], runs],
  ['SIGTERM', 'at once', ['start'], atOnce],
  ['SIGKILL', 'at once', ['start'], atOnce],
  ['SIGTERM', 'while servers start', ['start'], hasSaid('starting Postgres')],
  ['SIGTERM', 'while tests run', ['test', ...oneFile], hasSaid('RUN')],
  ['SIGKILL', 'while tests run', ['test', ...oneFile], hasSaid('RUN')],
  ['SIGTERM', 'while it runs', ['run', 'bench'], hasSaid('starting Postgres')],
  ['SIGTERM', 'while it runs', ['run', 'faults', '--', '--leads', '5'], hasSaid('seed')],
  ['SIGTERM', 'while it builds', ['run', 'test:kubernetes'], () => markedProcesses().length > 2 || atOnce()],
] as const)('%s to npm alone %s ends all that it started: %s', async ([signal, , args, isTime]) => {
  startNpm(args);
  await until('it is time', isTime);
  process.kill(npm.pid ?? 0, signal);
  await until('nobody is left', () => markedProcesses().length === 0);
  await until('npm has ended', () => npm.exitCode !== null || npm.signalCode !== null);
  expect(markedProcesses()).toEqual([]);
});
