import { startPostgres, type RunningPostgres } from '@leadline/servers/postgres';
import { removeWithUs } from '@leadline/servers/reaper';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

// A server of its own: logins belong to the whole server, and other tests' set-ups would close this one's second login.
const folder = mkdtempSync(join(tmpdir(), 'leadline-second-login-'));
removeWithUs(folder);
let server: RunningPostgres;
const opened: Client[] = [];

beforeAll(async () => {
  server = await startPostgres({ dir: folder, database: 'leadline', password: 'test', durable: false });
  const admin = await connect('postgres', 'test');
  // As a managed Postgres gives it: may make roles and owns its database, and is no superuser.
  await admin.query(`create role owner login createrole password 'test-owner'`);
  await admin.query(`alter database leadline owner to owner`);
  await admin.query(`alter schema public owner to owner`);
});
afterAll(async () => {
  await Promise.all(opened.map((client) => client.end()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(user: string, password: string): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port: server.port, database: 'leadline', user, password });
  client.on('error', () => undefined);
  await client.connect();
  opened.push(client);
  return client;
}

/** `setup migrate` as a deployment runs it, with these passwords of the dispatcher. */
function migrate(passwords: { first?: string; second?: string }): Promise<{ code: number; err: string }> {
  const env = {
    DATABASE_URL: `postgres://owner:test-owner@127.0.0.1:${server.port}/leadline`,
    ...(passwords.first === undefined ? {} : { LEADLINE_DB_PASSWORD_DISPATCHER: passwords.first }),
    ...(passwords.second === undefined ? {} : { LEADLINE_DB_PASSWORD_DISPATCHER_2: passwords.second }),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), 'migrate'], { env }, (error, _, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), err });
    });
  });
}

const done = { code: 0, err: '' };
const refused = { code: '28P01' };

test('a password is changed by way of a second login, and at no moment is there none', async () => {
  expect(await migrate({ first: 'first-password' })).toEqual(done);
  const old = await connect('leadline_dispatcher', 'first-password');

  expect(await migrate({ first: 'first-password', second: 'second-password' })).toEqual(done);
  await connect('leadline_dispatcher', 'first-password');
  const second = await connect('leadline_dispatcher_2', 'second-password');

  expect(await migrate({ first: 'third-password', second: 'second-password' })).toEqual(done);
  await expect(connect('leadline_dispatcher', 'first-password')).rejects.toMatchObject(refused);
  await connect('leadline_dispatcher_2', 'second-password');
  await connect('leadline_dispatcher', 'third-password');
  // Sessions outlive their password.
  expect((await old.query('select count(*) from leads')).rowCount).toBe(1);

  expect(await migrate({ first: 'third-password' })).toEqual(done);
  await expect(connect('leadline_dispatcher_2', 'second-password')).rejects.toMatchObject({ code: '28000' });
  expect((await second.query('select count(*) from leads')).rowCount).toBe(1);
  expect(await migrate({ first: 'third-password', second: 'fourth-password' })).toEqual(done);
  await connect('leadline_dispatcher_2', 'fourth-password');
});

test('the second login is the same role: it may do the same, and triggers see the same', async () => {
  expect(await migrate({ first: 'first-password', second: 'second-password' })).toEqual(done);
  const owner = await connect('owner', 'test-owner');
  await owner.query(`insert into leads (name, phone, source) values ('A', '+919000000001', 'x')`);
  const client = await connect('leadline_dispatcher_2', 'second-password');
  expect((await client.query('select current_user as role')).rows).toEqual([{ role: 'leadline_dispatcher' }]);
  await client.query(`update leads set status = 'dispatched' where phone = '+919000000001'`);
  // Of another program's role this would be noted, and done.
  await expect(client.query(`update leads set status = 'odd'`)).rejects.toMatchObject({ code: '23514' });
  await expect(client.query(`update leads set phone = '1'`)).rejects.toMatchObject({ code: '42501' });
  expect((await owner.query('select from odd_steps')).rowCount).toBe(0);
});

test('a second password without the first is refused', async () => {
  const { code, err } = await migrate({ second: 'second-password' });
  expect(code).toBe(1);
  expect(err).toMatch(/LEADLINE_DB_PASSWORD_DISPATCHER_2 is set without LEADLINE_DB_PASSWORD_DISPATCHER/);
  expect(err).not.toContain('second-password');
});
