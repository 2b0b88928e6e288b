import { initDatabase } from '@leadline/database/init-database';
import { serviceOf, type ServiceKey } from '@leadline/contracts/services';
import { roleUrl } from '@leadline/database/roles';
import { findNatsServer } from '@leadline/servers/find-nats-server';
import { startNatsServer } from '@leadline/servers/nats-server';
import { startPostgres } from '@leadline/servers/postgres';
import { removeWithUs } from '@leadline/servers/reaper';
import { connectNats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import { natsUsers, type NatsUser } from '@leadline/messaging/permissions';
import { rolePasswords } from '@leadline/testing/role-passwords';
import { silentLog } from '@leadline/testing/silent-log';
import type { Keys } from '@leadline/world/to-settings';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

export type NatsLogin = { url: string; user: string; pass: string };

/** The keys of every measurement. */
export const keys: Keys = {
  apiKey: 'bench-api-key-of-website',
  opsKey: 'bench-ops-key-of-operators',
  agentKey: 'bench-agent-key-over-http',
  liveKitKey: 'bench-key',
  liveKitSecret: 'bench-secret-of-at-least-32-characters',
  crmKey: 'bench-crm-key',
  trunkId: 'ST_bench',
};

/** Where nobody answers: for measurements without a simulated world. */
export const nobody = { url: 'http://127.0.0.1:9' };

/** A database and a nats-server that only the services of one measurement use. */
export type Stand = {
  /** As superuser. */
  query(text: string): Promise<Record<string, unknown>[]>;
  /** What a service is told of them, which has its own role and user. */
  servers(service: ServiceKey): { databaseUrl: string; nats: NatsLogin };
  nats(user: NatsUser): NatsLogin;
};

export type Servers = {
  folder: string;
  stand(name: string): Promise<Stand>;
  /** The URL of a new database with nothing in it, as superuser. */
  emptyDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
};

const state = join(import.meta.dirname, '../../.leadline');

/** A Postgres that forces each commit to the disk, and a nats-server for each stand with the settings that we ship. */
export async function startServers(say: (line: string) => void): Promise<Servers> {
  mkdirSync(state, { recursive: true });
  // Not below /tmp, which may be memory: then a commit would cost nothing.
  const folder = mkdtempSync(join(state, 'bench-'));
  removeWithUs(folder);
  const path = await findNatsServer({ toolsDir: join(state, 'tools'), say });
  const postgres = await startPostgres({
    dir: join(folder, 'postgres'),
    database: 'leadline',
    password: 'bench',
    durable: true,
  });
  const stops: (() => Promise<unknown>)[] = [];

  const emptyDatabase = async (name: string): Promise<string> => {
    const url = new URL(postgres.url);
    const admin = new Client({ connectionString: url.href });
    await admin.connect();
    await admin.query(`create database ${name}`);
    await admin.end();
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    folder,
    emptyDatabase,
    async stand(name) {
      const url = new URL(await emptyDatabase(name));
      await initDatabase({ url: url.href, rolePasswords });
      const passwords = Object.fromEntries(natsUsers.map((user) => [user, `bench-${user}`])) as Record<
        NatsUser,
        string
      >;
      const server = await startNatsServer({
        path,
        dir: join(folder, name),
        config: (at) => toNatsConfig({ ...at, passwords }),
      });
      const nats = await connectNats({
        url: server.url,
        user: 'provisioner',
        pass: passwords.provisioner,
        name: 'bench',
        log: silentLog,
      });
      await provision(nats);
      await nats.close();
      const client = new Client({ connectionString: url.href });
      client.on('error', () => undefined);
      await client.connect();
      stops.unshift(
        () => client.end(),
        () => server.kill(),
      );
      const login = (user: NatsUser): NatsLogin => ({ url: server.url, user, pass: passwords[user] });
      return {
        query: async (text) => (await client.query(text)).rows as Record<string, unknown>[],
        servers: (service) => ({
          databaseUrl: roleUrl(url.href, service, rolePasswords[service]),
          nats: login(serviceOf(service).name),
        }),
        nats: login,
      };
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
