import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs } from '@leadline/servers/reaper';
import type { Settings } from '@leadline/world/timings';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';

export type RunningProcess = { port: number; pid: number; stop(): Promise<void> };

/**
 * Where Node keeps the code that it has compiled, as images and `npm start` have it: without that, each process loads a
 * compiler that takes types out.
 */
export const compileCache = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.leadline/bench/compile-cache') };

/**
 * Runs a file as a process of its own, with an event loop that nobody shares, and waits until it listens on `PORT` or,
 * where it serves nobody, on `ADMIN_PORT`.
 * @throws Error with its last words when it ends or does not listen within a minute
 */
export async function startProcess(
  file: URL,
  settings: Settings,
  listensOn: 'PORT' | 'ADMIN_PORT' = 'PORT',
): Promise<RunningProcess> {
  const asked = Number(settings[listensOn] ?? 0);
  const port = asked === 0 ? await freePort() : asked;
  const child = spawn(process.execPath, [fileURLToPath(file)], {
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...compileCache, ...settings, [listensOn]: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endWithUs(child);
  let words = '';
  const hear = (chunk: Buffer): void => {
    words = `${words}${chunk.toString()}`.slice(-4_000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const deadline = performance.now() + 60_000;
  while (!(await listens(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await endProcess(child, 'SIGKILL', 1_000);
      throw new Error(`${file.pathname} does not run:\n${words}`);
    }
    await wait(20);
  }
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      await endProcess(child, 'SIGTERM', 5_000);
      // Warnings under load belong to the picture.
      if (words !== '' && process.env['LEADLINE_BENCH_WORDS'] !== undefined) process.stderr.write(words);
    },
  };
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
