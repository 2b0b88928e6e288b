import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { until } from '@leadline/testing/until';
import { endProcess, endWithUs, untilExit } from '@leadline/servers/reaper';
import { restartDelayMs, supervise, type Running, type Supervised } from './supervise.ts';

let supervised: Supervised | undefined;
afterEach(() => supervised?.stop());

/** A real process that does nothing for a minute. */
async function sleeper(): Promise<Running> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  endWithUs(child);
  if (child.pid === undefined) throw new Error('no process');
  return { pid: child.pid, exited: untilExit(child), stop: () => endProcess(child, 'SIGTERM', 1_000) };
}

test.for([
  [1, 500],
  [2, 1_000],
  [3, 2_000],
  [6, 16_000],
  [7, 30_000],
  [100, 30_000],
] as const)('after %i quick deaths it waits %i ms', ([deaths, delayMs]) => {
  expect(restartDelayMs(deaths)).toBe(delayMs);
});

test('who is killed is started again, each time a little later, and everybody is told', async () => {
  const said: string[] = [];
  const pids: (number | undefined)[] = [];
  const changed = (): void => void pids.push(supervised?.pid());
  supervised = await supervise({ name: 'sleeper', start: sleeper, say: (line) => said.push(line), changed });
  const first = supervised.pid() ?? 0;
  process.kill(first, 'SIGKILL');
  const second = await until('it runs again', () => (supervised?.pid() === first ? undefined : supervised?.pid()));
  process.kill(second, 'SIGKILL');
  await until('it runs a third time', () => [first, second, undefined].every((pid) => pid !== supervised?.pid()));
  expect(said).toEqual([
    'sleeper ended by SIGKILL; it starts again in 0.5 s',
    'sleeper ended by SIGKILL; it starts again in 1 s',
  ]);
  expect(pids.filter((pid) => pid === undefined).length).toBeGreaterThanOrEqual(2);
});

test('who is stopped stays away, also in the middle of the wait', async () => {
  supervised = await supervise({ name: 'sleeper', start: sleeper, say: () => undefined, changed: () => undefined });
  process.kill(supervised.pid() ?? 0, 'SIGKILL');
  await until('its death is seen', () => supervised?.pid() === undefined);
  await supervised.stop();
  expect(supervised.pid()).toBeUndefined();
});

test('a start that fails is tried again; only a first one that fails three times is an error', async () => {
  let tries = 0;
  const start = async (): Promise<Running> => {
    if (++tries < 3) throw new Error('the port is taken');
    return sleeper();
  };
  supervised = await supervise({ name: 'sleeper', start, say: () => undefined, changed: () => undefined });
  expect(tries).toBe(3);
  await expect(
    supervise({
      name: 'x',
      start: () => Promise.reject(new Error('no')),
      say: () => undefined,
      changed: () => undefined,
    }),
  ).rejects.toThrow('no');
});
