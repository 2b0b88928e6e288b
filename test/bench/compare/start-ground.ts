import { serviceOf } from '@leadline/contracts/services';
import { roleUrl } from '@leadline/database/roles';
import { findNatsServer } from '@leadline/servers/find-nats-server';
import { freePort } from '@leadline/servers/free-port';
import { startNatsServer } from '@leadline/servers/nats-server';
import { startPostgres } from '@leadline/servers/postgres';
import { removeWithUs } from '@leadline/servers/reaper';
import { natsUsers, type NatsUser } from '@leadline/messaging/permissions';
import { rolePasswords } from '@leadline/testing/role-passwords';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { NatsLogin, Stand } from '../servers.ts';
import { ownTree, programOf, type Tree } from '../tree.ts';

/** A Postgres and a nats-server of their own, brought to a tree's schema, roles and streams by its own setup. */
export type Ground = Stand & {
  folder: string;
  postgresPid: number;
  natsPid: number;
  /** Of nats-server's monitor. */
  monitorUrl: string;
  /** How many statements `query` has sent: each is a commit that is ours and not the product's. */
  asked(): number;
  stop(): Promise<void>;
};

const run = promisify(execFile);
const state = join(ownTree.folder, '.leadline');

/** Both revisions stand on the servers that this harness brings: only what runs on them differs. */
export async function startGround(tree: Tree, say: (line: string) => void): Promise<Ground> {
  mkdirSync(state, { recursive: true });
  // Not below /tmp, which may be memory: then a commit would cost nothing.
  const folder = mkdtempSync(join(state, 'bench-'));
  removeWithUs(folder);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopPart of stops.toReversed()) await stopPart();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const postgres = await startCountingPostgres(join(folder, 'postgres'));
    stops.push(() => postgres.stop());
    const setup = async (command: string, env: Record<string, string>): Promise<string> => {
      const file = fileURLToPath(programOf(tree, 'packages/setup/src/main.ts'));
      const { stdout } = await run(process.execPath, [file, command], { env: { PATH: process.env['PATH'], ...env } });
      return stdout;
    };
    const databasePasswords = Object.entries(rolePasswords).map(([role, password]) => [
      `LEADLINE_DB_PASSWORD_${role.replace(/[A-Z]/, (letter) => `_${letter}`).toUpperCase()}`,
      password,
    ]);
    await setup('migrate', { DATABASE_URL: postgres.url, ...Object.fromEntries(databasePasswords) });

    const [port, monitorPort, natsDir] = [await freePort(), await freePort(), join(folder, 'nats')];
    const config = await setup('nats-config', {
      NATS_HOST: '127.0.0.1',
      NATS_PORT: String(port),
      NATS_MONITOR_PORT: String(monitorPort),
      NATS_STORE_DIR: join(natsDir, 'jetstream'),
      ...Object.fromEntries(
        natsUsers.map((user) => [`LEADLINE_NATS_PASSWORD_${user.replace('-', '_').toUpperCase()}`, passwordOf(user)]),
      ),
    });
    const path = await findNatsServer({ toolsDir: join(state, 'tools'), say });
    const nats = await startNatsServer({ path, dir: natsDir, port, config: () => config });
    stops.push(() => nats.kill());
    await setup('streams', { NATS_URL: nats.url, NATS_USER: 'provisioner', NATS_PASS: passwordOf('provisioner') });

    const client = new Client({ connectionString: postgres.url, application_name: 'bench' });
    client.on('error', () => undefined);
    await client.connect();
    stops.push(() => client.end());
    let asked = 0;
    const login = (user: NatsUser): NatsLogin => ({ url: nats.url, user, pass: passwordOf(user) });
    return {
      folder,
      postgresPid: postgres.pid,
      natsPid: nats.pid,
      monitorUrl: `http://127.0.0.1:${monitorPort}`,
      asked: () => asked,
      query: async (text) => {
        asked++;
        return (await client.query(text)).rows as Record<string, unknown>[];
      },
      servers: (service) => ({
        databaseUrl: roleUrl(postgres.url, service, rolePasswords[service]),
        nats: login(serviceOf(service).name),
      }),
      nats: login,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Forces each commit to the disk, and counts statements by role. */
async function startCountingPostgres(dir: string): ReturnType<typeof startPostgres> {
  const options = { dir, password: 'bench', database: 'leadline', durable: true };
  const unprepared = await startPostgres(options);
  await ask(unprepared.url, [`alter system set shared_preload_libraries = 'pg_stat_statements'`]);
  await unprepared.stop();
  const postgres = await startPostgres(options);
  await ask(postgres.url, ['create extension pg_stat_statements']);
  return postgres;
}

async function ask(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
}

function passwordOf(user: NatsUser): string {
  return `bench-${user}`;
}
