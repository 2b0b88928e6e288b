import { startNatsServer, type RunningNats } from '@leadline/servers/nats-server';
import { connectNats, type Nats } from '@leadline/messaging/connect';
import { natsUsers } from '@leadline/messaging/permissions';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { silentLog } from '@leadline/testing/silent-log';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

const passwords = Object.fromEntries(
  natsUsers.map((user) => [`LEADLINE_NATS_PASSWORD_${user.replace('-', '_').toUpperCase()}`, `first-${user}`]),
);
const folder = mkdtempSync(join(tmpdir(), 'leadline-setup-'));
let database: TestDatabase;
let server: RunningNats;
const opened: Nats[] = [];

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
});
afterAll(async () => {
  await Promise.all(opened.map((nats) => nats.close()));
  await server?.kill();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** The command as a deployment runs it, with nothing of our own environment. */
function setup(args: string[], env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function connect(user: string, pass: string): Promise<Nats> {
  const nats = await connectNats({ url: server.url, user, pass, name: 'test', log: silentLog });
  opened.push(nats);
  return nats;
}

test('its configuration starts a server, and with it everything is made, as often as one likes', async () => {
  const second = { LEADLINE_NATS_PASSWORD_INGEST_2: 'second-ingest' };
  const config = async (port: number, storeDir: string): Promise<string> => {
    const place = { NATS_HOST: '127.0.0.1', NATS_PORT: String(port), NATS_STORE_DIR: storeDir };
    const { code, out, err } = await setup(['nats-config'], { ...passwords, ...second, ...place });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out.replace(/^http: .*$/m, '');
  };
  const written = await config(1, '/place');
  server = await startNatsServer({
    path: inject('natsServerPath'),
    dir: folder,
    config: ({ port, storeDir }) => written.replace('port: 1', `port: ${port}`).replace('/place', storeDir),
  });
  const env = {
    DATABASE_URL: database.url,
    LEADLINE_DB_PASSWORD_INGEST: 'test-ingest',
    NATS_URL: server.url,
    NATS_USER: 'provisioner',
    NATS_PASS: 'first-provisioner',
  };
  const first = await setup([], env);
  expect(first.err).toBe('');
  expect(first.out).toMatch(/Applied: 0001-first-schema/);
  expect(first.out).toMatch(/Streams are as defined: LEADS, CALLS/);
  const again = await setup([], env);
  expect(again.out).toMatch(/The schema is up to date/);
  expect(again.code).toBe(0);

  for (const [login, password] of [
    ['ingest', 'first-ingest'],
    ['ingest-2', 'second-ingest'],
  ] as const) {
    const { connection } = await connect(login, password);
    const stored = await connection.jetstream().publish('lead.created', '{}');
    expect(stored.stream).toBe('LEADS');
    await expect(connection.jetstream().publish('call.failed', '{}')).rejects.toMatchObject({
      code: 'PERMISSIONS_VIOLATION',
    });
  }
});

test('users alone are the same users', async () => {
  const whole = await setup(['nats-config'], passwords);
  const unsaid = await setup(['nats-users'], passwords);
  expect(unsaid).toMatchObject({ code: 1, out: '' });
  expect(unsaid.err).toContain('NATS_SERVICES_ACCOUNT is not set');
  const users = await setup(['nats-users'], { ...passwords, NATS_SERVICES_ACCOUNT: 'LEADLINE' });
  expect(users.out).toMatch(/^# .*\nauthorization \{/);
  expect(users.out).toMatch(/^ {2}AGENTS \{$/m);
  const unnamed = await setup(['nats-users'], { ...passwords, NATS_SERVICES_ACCOUNT: '$G' });
  expect(unnamed.out).not.toContain('AGENTS');
  expect(whole.out).toContain(users.out.slice(users.out.indexOf('authorization')));
  expect(whole.out).toMatch(/^host: 0\.0\.0\.0$/m);
});

test('it refuses with everything that is wrong, and repeats no password', async () => {
  const { LEADLINE_NATS_PASSWORD_OPS: _, ...others } = passwords;
  const config = await setup(['nats-config'], { ...others, LEADLINE_NATS_PASSWORD_AGENT: 'short', NATS_PORT: 'x' });
  expect(config.code).toBe(1);
  expect(config.err).toMatch(/LEADLINE_NATS_PASSWORD_OPS: is not set/);
  expect(config.err).toMatch(/LEADLINE_NATS_PASSWORD_AGENT: must have at least 8 characters/);
  expect(config.err).toMatch(/NATS_PORT: must be a whole number/);
  expect(config.err).not.toContain('short');

  expect((await setup(['migrate'], {})).err).toMatch(/DATABASE_URL is not set/);
  const unreachable = await setup(['migrate'], { DATABASE_URL: 'postgres://one:secret@127.0.0.1:1/db' });
  expect(unreachable).toMatchObject({ code: 1, out: '' });
  expect(unreachable.err).toMatch(/could not be migrated: .*ECONNREFUSED/);
  expect(unreachable.err).not.toContain('secret');
  expect((await setup(['nonsense'], {})).code).toBe(2);
  expect((await setup(['--version'], {})).out).toMatch(/^leadline setup \d+\.\d+\.\d+$/m);
});
