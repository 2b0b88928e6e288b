import { initDatabase } from '@leadline/database/init-database';
import { openDatabase } from '@leadline/database/open-database';
import { roleUrl } from '@leadline/database/roles';
import { rows } from '@leadline/database/sql';
import { startPostgres, type RunningPostgres } from '@leadline/servers/postgres';
import { removeWithUs } from '@leadline/servers/reaper';
import { rolePasswords } from '@leadline/testing/role-passwords';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
let folder: string;
let postgres: RunningPostgres | undefined;
let missing = '';

/** A server with a certificate of its own, which refuses whoever comes without TLS. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-tls-'));
  removeWithUs(folder);
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const named = ['-days', '2', '-subj', '/CN=postgres', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  try {
    await run('openssl', ['req', '-x509', ...elliptic, ...named, '-keyout', key, '-out', certificate]);
  } catch {
    missing = 'openssl is not here';
    return;
  }
  postgres = await startPostgres({
    dir: join(folder, 'postgres'),
    database: 'leadline',
    password: 'tls',
    durable: false,
  });
  const data = join(folder, 'postgres', 'data');
  const { uid, gid } = statSync(data);
  for (const path of [key, certificate]) chownSync(path, uid, gid);
  chmodSync(key, 0o600);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`alter system set ssl_key_file = '${key}'`);
  await client.query(`alter system set ssl_cert_file = '${certificate}'`);
  await client.query(`alter system set ssl = on`);
  writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  await client.query('select pg_reload_conf()');
  await client.end();
});
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.for(['no-verify', 'verify-full&sslrootcert='])('a service speaks TLS with sslmode=%s', async (mode, { skip }) => {
  if (postgres === undefined) return skip(missing);
  const url = new URL(postgres.url);
  url.search = `?sslmode=${mode}${mode.endsWith('=') ? join(folder, 'server.crt') : ''}`;
  await expect.poll(() => initDatabase({ url: url.href, rolePasswords }), { timeout: 60_000 }).toBeDefined();
  const database = await openDatabase({
    url: roleUrl(url.href, 'dispatcher', rolePasswords.dispatcher),
    name: 'tls test',
  });
  try {
    await database.check();
    const used = await rows(
      database.sql,
      z.object({ ssl: z.boolean(), usename: z.string() }),
      `select s.ssl, a.usename from pg_stat_ssl s join pg_stat_activity a using (pid) where a.pid = pg_backend_pid()`,
      [],
    );
    expect(used).toEqual([{ ssl: true, usename: 'leadline_dispatcher' }]);
  } finally {
    await database.close();
  }
});

test('without TLS that server takes nobody', async ({ skip }) => {
  if (postgres === undefined) return skip(missing);
  const database = await openDatabase({ url: postgres.url, name: 'tls test' });
  await expect(database.check()).rejects.toThrow(/no encryption|pg_hba/);
  await database.close();
});
