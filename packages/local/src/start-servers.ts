import { readMigrateConfig } from '@leadline/database/config';
import { initDatabase } from '@leadline/database/init-database';
import { roleUrl, type Role } from '@leadline/database/roles';
import { connectNats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import type { NatsUser } from '@leadline/messaging/permissions';
import { createLogger } from '@leadline/service-kit/logger';
import { join } from 'node:path';
import { adoptStreams } from './adopt-streams.ts';
import type { ProcessGroup } from './process-group.ts';
import { findNatsServer } from '@leadline/servers/find-nats-server';
import { freePort, onFreePort } from '@leadline/servers/free-port';
import { startNatsServer } from '@leadline/servers/nats-server';
import { startPostgres } from '@leadline/servers/postgres';
import type { Secrets } from './secrets.ts';

/** The URL changes if the server has to start again and its port was taken meanwhile. */
export type DatabaseAccess = { readonly url: string; of: (role: Role) => string };
export type NatsAccess = { readonly url: string; user: (name: NatsUser) => { user: string; pass: string } };

export type Ground = {
  folder: string;
  secrets: Secrets;
  group: ProcessGroup;
  /** The servers' ports; kept up to date. */
  ports: { postgres: number; nats: number };
  say: (line: string) => void;
};

/** Where we keep a downloaded nats-server; tests use it too. */
const toolsDir = join(import.meta.dirname, '../../../.leadline/tools');

/** Starts Postgres with the schema and a role for each service, in `<folder>/postgres`. */
export async function startDatabase(ground: Ground): Promise<DatabaseAccess> {
  const { secrets, say, ports } = ground;
  say('starting Postgres');
  const access = { url: '', of: (role: Role) => roleUrl(access.url, role, secrets.roles[role]) };
  await ground.group.keep('server', 'postgres', 'Postgres', async () => {
    const dir = join(ground.folder, 'postgres');
    const running = await onFreePort(
      (port) => startPostgres({ dir, database: 'leadline', port, password: secrets.postgres, durable: true }),
      () => freePort(ports.postgres),
    );
    ports.postgres = running.port;
    access.url = running.url;
    return running;
  });
  await prepare({ url: access.url, rolePasswords: secrets.roles }, say);
  return access;
}

/**
 * Brings the person's own database up to date. Services use their roles where LEADLINE_DB_PASSWORD_<ROLE> has the
 * passwords, else the URL's own user.
 */
export async function useDatabase(
  url: string,
  env: Record<string, string>,
  say: (line: string) => void,
): Promise<DatabaseAccess> {
  const config = readMigrateConfig({ ...env, DATABASE_URL: url });
  await prepare(config, say);
  return {
    url,
    of(role) {
      const password = config.rolePasswords[role];
      return password === undefined ? url : roleUrl(url, role, password);
    },
  };
}

async function prepare(config: Parameters<typeof initDatabase>[0], say: (line: string) => void): Promise<void> {
  const { odd } = await initDatabase(config);
  for (const { what, count } of odd) say(`found in the database, and left as it is: ${count} ${what}`);
}

/** Starts nats-server with a user for each service, its streams and durables, in `<folder>/nats`. */
export async function startMessages(ground: Ground): Promise<NatsAccess> {
  const { folder, secrets, say, ports } = ground;
  const path = await findNatsServer({ toolsDir, say });
  say('starting nats-server');
  adoptStreams(join(folder, 'nats', 'jetstream'), 'LEADLINE');
  const access = { url: '', user: (name: NatsUser) => ({ user: name, pass: secrets.nats[name] }) };
  await ground.group.keep('server', 'nats', 'nats-server', async () => {
    const running = await onFreePort(
      (port) =>
        startNatsServer({
          path,
          dir: join(folder, 'nats'),
          port,
          config: (at) => toNatsConfig({ ...at, passwords: secrets.nats }),
        }),
      () => freePort(ports.nats),
    );
    ports.nats = running.port;
    access.url = running.url;
    return running;
  });
  await makeStreams(access);
  return access;
}

/** Uses the person's own server: all services log in as its URL's user, who must be allowed to create streams. */
export async function useMessages(given: string): Promise<NatsAccess> {
  const { username, password, protocol, host } = new URL(given);
  const login = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  const access: NatsAccess = { url: `${protocol}//${host}`, user: () => login };
  await makeStreams(access);
  return access;
}

async function makeStreams({ url, user }: NatsAccess): Promise<void> {
  const log = createLogger({ service: 'npm start', level: 'warn' });
  const nats = await connectNats({ url, ...withoutEmpty(user('provisioner')), name: 'npm start', log });
  await provision(nats);
  await nats.close();
}

/** No user at all differs from a user with an empty name. */
export function withoutEmpty(login: { user: string; pass: string }): { user?: string; pass?: string } {
  return login.user === '' ? {} : login;
}
