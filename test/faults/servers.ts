import { freePort } from '@leadline/servers/free-port';
import { startNatsServer, type RunningNats } from '@leadline/servers/nats-server';
import { startPostgres, type RunningPostgres } from '@leadline/servers/postgres';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import type { NatsUser } from '@leadline/messaging/permissions';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A server of ours that is killed, frozen, taken back in time, and started again on its port and folder. */
export type Server = {
  name: string;
  readonly port: number;
  readonly url: string;
  readonly isUp: boolean;
  /** It ended by itself: nobody starts it again but `up`. */
  readonly hasEnded: boolean;
  /** SIGKILL, and started again a moment later. */
  kill(): Promise<void>;
  down(): Promise<void>;
  up(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** A copy of all that it stored, as of a moment at which it stands still. */
  backUp(to: string): void;
  /** Killed, and started again as the copy has it. */
  restore(from: string): Promise<void>;
  stop(): Promise<void>;
};

type Running = { url: string; port: number; pid: number; exited: Promise<string>; stop(): Promise<void> };

/** @throws Error when it does not start */
async function keepServer(
  name: string,
  stored: string,
  signal: (pid: number, name: NodeJS.Signals) => void,
  start: (port?: number) => Promise<Running>,
): Promise<Server> {
  let running: Running = await start();
  let isUp = true;
  let stopped = false;
  let ended: Running | undefined;
  const watch = (): void => {
    const watched = running;
    void watched.exited.then(() => (ended = watched));
  };
  watch();
  const { port, url } = running;
  const server: Server = {
    name,
    port,
    url,
    get isUp() {
      return isUp;
    },
    get hasEnded() {
      return ended === running;
    },
    async down() {
      isUp = false;
      signal(running.pid, 'SIGCONT');
      killProcess(running.pid, 'SIGKILL');
      await running.exited;
      await wait(300);
    },
    async up() {
      // Orphaned sessions of Postgres may hold the shared memory for a moment.
      for (let tries = 1; !stopped; tries++) {
        try {
          running = await start(port);
          watch();
          isUp = true;
          return;
        } catch (error) {
          if (tries === 10) throw error;
          await wait(300);
        }
      }
    },
    async kill() {
      await server.down();
      await server.up();
    },
    freeze: () => signal(running.pid, 'SIGSTOP'),
    thaw: () => signal(running.pid, 'SIGCONT'),
    backUp(to) {
      server.freeze();
      copy(stored, to);
      server.thaw();
    },
    async restore(from) {
      await server.down();
      rmSync(stored, { recursive: true, force: true });
      copy(from, stored);
      await server.up();
    },
    async stop() {
      stopped = true;
      signal(running.pid, 'SIGCONT');
      await running.stop();
    },
  };
  return server;
}

/** With its owner: Postgres runs as another user, and refuses what is not its own. */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

/** `env`: beside our own environment. */
export function keepPostgres(dir: string, env: Record<string, string> = {}): Promise<Server> {
  return keepServer('Postgres', join(dir, 'data'), signalAll, (port): Promise<RunningPostgres> =>
    startPostgres({
      dir,
      database: 'leadline',
      ...(port === undefined ? {} : { port }),
      password: 'faults',
      durable: true,
      env: { ...process.env, ...env },
    }),
  );
}

type Passwords = Record<NatsUser, string>;

export function keepNats(path: string, dir: string, passwords: Passwords): Promise<Server> {
  return keepServer('nats-server', join(dir, 'jetstream'), killProcess, (port) =>
    startNats(path, dir, port, (at) => toNatsConfig({ ...at, passwords })),
  );
}

/** Three that keep three replicas of each stream. */
export async function keepNatsCluster(path: string, dir: string, passwords: Passwords): Promise<Server[]> {
  const routePorts = [await freePort(), await freePort(), await freePort()];
  const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`);
  return Promise.all(
    routePorts.map((routePort, n) => {
      const [own, name] = [join(dir, `${n}`), `leadline-${n}`];
      const cluster = `cluster {
  name: leadline
  listen: "127.0.0.1:${routePort}"
  routes: [${routes.map((route) => JSON.stringify(route)).join(', ')}]
}
`;
      return keepServer(name, join(own, 'jetstream'), killProcess, (port) =>
        startNats(path, own, port, (at) => toNatsConfig({ ...at, passwords, serverName: name }) + cluster),
      );
    }),
  );
}

function startNats(
  path: string,
  dir: string,
  port: number | undefined,
  config: (at: { port: number; storeDir: string }) => string,
): Promise<RunningNats> {
  return startNatsServer({ path, dir, ...(port === undefined ? {} : { port }), config });
}

function killProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Postgres is a process for each session; all of them stand still together. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const child of childrenOf(pid)) killProcess(child, signal);
  killProcess(pid, signal);
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter((id) => id !== '')
      .map(Number);
  } catch {
    return [];
  }
}
