import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onFreePort, PortTaken } from './free-port.ts';
import { endProcess, endWithUs, untilExit } from './reaper.ts';

export type RunningNats = {
  url: string;
  port: number;
  pid: number;
  /** Resolves when the process has ended, with the reason. */
  exited: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

type Options = { path: string; dir: string; config: (at: { port: number; storeDir: string }) => string };

/**
 * Starts nats-server on 127.0.0.1 with its store below `dir`. `config` returns the whole configuration for a port and a
 * store folder. Without `port` it takes a free one.
 * @throws PortTaken when another process has `port`; Error with the server's own words when it is not ready within 10 s
 */
export async function startNatsServer(options: Options & { port?: number }): Promise<RunningNats> {
  const { port } = options;
  return port === undefined ? onFreePort((free) => startOn(free, options)) : startOn(port, options);
}

async function startOn(port: number, options: Options): Promise<RunningNats> {
  mkdirSync(options.dir, { recursive: true });
  const file = join(options.dir, 'nats.conf');
  writeFileSync(file, options.config({ port, storeDir: join(options.dir, 'jetstream') }), { mode: 0o600 });
  const child = spawn(options.path, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  endWithUs(child);
  let words = '';
  // Read our server's own log: on a taken port, another nats-server may answer.
  let isReady = false;
  child.stderr.on('data', (data: Buffer) => {
    words = `${words}${data.toString()}`.slice(-2_000);
    isReady ||= words.includes('Server is ready');
  });
  const exited = untilExit(child);
  const deadline = performance.now() + 10_000;
  while (!isReady) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await endProcess(child, 'SIGKILL', 1_000);
      if (words.includes('address already in use')) throw new PortTaken(`port ${port} is taken`);
      throw new Error(`nats-server did not start:\n${words}`);
    }
    await wait(5);
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
