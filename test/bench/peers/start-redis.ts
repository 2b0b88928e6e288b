import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs } from '@leadline/servers/reaper';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

export type RunningRedis = { url: string; stop(): Promise<void> };

const run = promisify(execFile);

/** What `redis-server` on PATH says of itself; undefined where there is none. */
export async function findRedis(): Promise<string | undefined> {
  try {
    return (await run('redis-server', ['--version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * redis-server with an append-only file and without eviction, as BullMQ asks for
 * (https://docs.bullmq.io/guide/going-to-production). `everysec` is what it advises: the last second may be lost. With
 * `always` an answer is as durable as a commit of Postgres.
 * @throws Error when it does not listen within 10 s
 */
export async function startRedis(dir: string, sync: 'everysec' | 'always'): Promise<RunningRedis> {
  mkdirSync(dir);
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync: sync,
    'maxmemory-policy': 'noeviction',
  };
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: 'ignore', detached: true },
  );
  endWithUs(child);
  const deadline = performance.now() + 10_000;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await endProcess(child, 'SIGKILL', 1_000);
      throw new Error('redis-server does not run');
    }
    await wait(20);
  }
  return { url: `redis://127.0.0.1:${port}`, stop: () => endProcess(child, 'SIGTERM', 5_000) };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
