import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { decideFault } from './decide-fault.ts';
import { databaseNow } from './locks.ts';
import { openDatabase, type Database } from './open-database.ts';
import { affected, instant, row } from './sql.ts';

let db: TestDatabase;
let link: Awaited<ReturnType<typeof openLinkTo>>;
let database: Database;
beforeEach(async () => {
  db = await testDatabase();
  link = await openLinkTo(db.url);
  database = await openDatabase({ url: link.url, name: 'test-read-only', poolSize: 4 });
});
afterEach(async () => {
  await database.close();
  await link.close();
  await db.drop();
});

const insert = `insert into leads (name, phone, source) values ('x', '9812345678', 'test')`;
const nameOf = async (): Promise<string> => {
  const [found] = await db.query<{ name: string }>('select current_database() as name');
  return found?.name ?? '';
};
const pids = (): Promise<{ pid: number }[]> =>
  db.query(
    `select pid from pg_stat_activity where application_name = 'test-read-only' and datname = current_database() order by pid`,
  );
/** As a primary does that is demoted under its clients: their sessions go on, and may not write any more. */
async function demote(): Promise<void> {
  await Promise.all(
    [1, 2, 3, 4].map(() =>
      database.sql.query(`select set_config('default_transaction_read_only', 'on', false), pg_sleep(0.2)`, []),
    ),
  );
}

test('a read-only database is not ready, says so in words, and its refusals are an outage', async () => {
  await database.check();
  await db.query(`alter database ${await nameOf()} set default_transaction_read_only = on`);
  const fresh = await openDatabase({ url: link.url, name: 'test-fresh' });
  try {
    await expect(fresh.check()).rejects.toThrow('the database is read-only');
    const refused = await fresh.transaction((sql) => affected(sql, insert, [])).catch((error: unknown) => error);
    expect(decideFault(refused)).toBe('outage');
    await db.query(`set default_transaction_read_only = off`);
    await db.query(`alter database ${await nameOf()} reset default_transaction_read_only`);
    await fresh.check();
    await fresh.transaction((sql) => affected(sql, insert, []));
  } finally {
    await fresh.close();
  }
});

test('connections to a primary that was demoted are not kept: each is used once more at most', async () => {
  await demote();
  const before = await pids();
  expect(before).toHaveLength(4);
  await expect(database.check()).rejects.toThrow('the database is read-only');
  for (let n = 0; n < 3; n++) await database.transaction((sql) => affected(sql, insert, [])).catch(() => undefined);
  await database.check();
  await database.transaction((sql) => affected(sql, insert, []));
  const after = new Set((await pids()).map(({ pid }) => pid));
  expect(before.filter(({ pid }) => after.has(pid))).toEqual([]);
});

test('settings of the database and its roles change nothing that our statements rely on', async () => {
  const name = await nameOf();
  const read = async (from: Database) => ({
    instant: await row(from.sql, z.object({ at: instant }), `select '2026-11-30T05:06:07.089Z'::timestamptz as at`, []),
    interval: await row(from.sql, z.object({ is: z.unknown() }), `select (interval '-1 day 2 hours')::text as is`, []),
    float: await row(from.sql, z.object({ is: z.unknown() }), `select 0.1::float8 + 0.2::float8 as is`, []),
    backslash: await row(from.sql, z.object({ is: z.unknown() }), String.raw`select 'a\nb' as is`, []),
    isolation: await row(
      from.sql,
      z.object({ is: z.unknown() }),
      `select current_setting('transaction_isolation') as is`,
      [],
    ),
  });
  const before = await read(database);
  for (const setting of [
    `datestyle = 'SQL, DMY'`,
    `intervalstyle = 'sql_standard'`,
    `extra_float_digits = -3`,
    `standard_conforming_strings = off`,
    `escape_string_warning = off`,
    `default_transaction_isolation = 'serializable'`,
    `timezone = 'Asia/Kolkata'`,
    `bytea_output = 'escape'`,
  ])
    await db.query(`alter database ${name} set ${setting}`);
  const after = await openDatabase({ url: link.url, name: 'test-settings' });
  try {
    await after.check();
    expect(await read(after)).toEqual(before);
    expect(before.instant?.at.toISOString()).toBe('2026-11-30T05:06:07.089Z');
    expect(Math.abs((await databaseNow(after.sql)).getTime() - Date.now())).toBeLessThan(60_000);
    // An adopted table's columns without a zone mean the database's own.
    const zone = z.object({ zone: z.string() });
    expect(await row(after.sql, zone, `select current_setting('timezone') as zone`, [])).toEqual({
      zone: 'Asia/Kolkata',
    });
  } finally {
    await after.close();
  }
});

test('a session whose settings were dropped on the way is not ready', async () => {
  await database.check();
  await Promise.all([1, 2, 3, 4].map(() => database.sql.query(`set datestyle = 'SQL, DMY'`, [])));
  await expect(database.check()).rejects.toThrow('a pooler drops the settings');
});
