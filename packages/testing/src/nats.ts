import { startNatsServer, type RunningNats } from '@leadline/servers/nats-server';
import { removeWithUs } from '@leadline/servers/reaper';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { leadline, type Leadline } from './leadline.ts';
import { startNatsContainer } from './nats-container.ts';
import { silentLog } from './silent-log.ts';

type Nats = Awaited<ReturnType<Leadline['connectNats']>>;
type NatsUser = Leadline['natsUsers'][number];

export type TestNats = {
  url: string;
  /** The current process; a restart makes a new one on the same port and store. */
  server(): RunningNats;
  user(name: NatsUser): { user: string; pass: string };
  /** A connection as one of the users; `close` closes it. */
  connect(user: NatsUser, options?: { pingIntervalMs?: number }): Promise<Nats>;
  restart(how: 'kill' | 'stop'): Promise<void>;
  close(): Promise<void>;
};

/** A nats-server of its own for a test file, with our users, streams and durables. */
export async function testNats(options: { provisioned: boolean } = { provisioned: true }): Promise<TestNats> {
  const { connectNats, natsUsers, provision, toNatsConfig } = leadline();
  const dir = mkdtempSync(join(tmpdir(), 'leadline-nats-'));
  removeWithUs(dir);
  const passwords = Object.fromEntries(natsUsers.map((user) => [user, `test-${user}`])) as Record<NatsUser, string>;
  const launch = (port?: number): Promise<RunningNats> => {
    const place = { dir, ...(port === undefined ? {} : { port }) };
    const config = (at: { host?: string; port: number; storeDir: string }): string =>
      toNatsConfig({ ...at, passwords });
    return inject('inContainers')
      ? startNatsContainer({ ...place, config })
      : startNatsServer({ ...place, path: inject('natsServerPath'), config });
  };
  let server = await launch();
  const opened: Nats[] = [];
  const test: TestNats = {
    url: server.url,
    server: () => server,
    user: (name) => ({ user: name, pass: passwords[name] }),
    async connect(user, timing = {}) {
      const nats = await connectNats({
        url: server.url,
        ...test.user(user),
        name: `test-${user}`,
        log: silentLog,
        ...timing,
      });
      opened.push(nats);
      return nats;
    },
    async restart(how) {
      await server[how]();
      server = await launch(server.port);
    },
    async close() {
      await Promise.all(opened.map((nats) => nats.close()));
      await server.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  if (options.provisioned) await provision(await test.connect('provisioner'));
  return test;
}
