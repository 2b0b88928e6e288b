import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { endProcess, endWithUs, untilExit } from './reaper.ts';

export type RunningNats = {
  url: string;
  port: number;
  pid: number;
  /** Resolves when the process is gone, with how that came. */
  exited: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

/**
 * Starts nats-server on 127.0.0.1 with its store below `dir`. `config` gives the whole configuration for a port and a
 * store folder.
 * @throws Error with the server's own words when it does not answer within 10 s
 */
export async function startNatsServer(options: {
  path: string;
  dir: string;
  port?: number;
  config: (at: { port: number; storeDir: string }) => string;
}): Promise<RunningNats> {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const file = join(options.dir, 'nats.conf');
  writeFileSync(file, options.config({ port, storeDir: join(options.dir, 'jetstream') }), { mode: 0o600 });
  const child = spawn(options.path, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  endWithUs(child);
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    words = `${words}${data.toString()}`.slice(-2_000);
  });
  const exited = untilExit(child);
  const deadline = performance.now() + 10_000;
  while (!(await greets(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await endProcess(child, 'SIGKILL', 1_000);
      throw new Error(`nats-server did not start:\n${words}`);
    }
    await wait(10);
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    exited,
    stop: () => endProcess(child, 'SIGTERM', 5_000),
    kill: () => endProcess(child, 'SIGKILL', 5_000),
  };
}

/** A NATS server speaks first: its INFO line means that it takes clients. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
