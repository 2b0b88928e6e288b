import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { databaseNow } from './locks.ts';
import type { Database } from './open-database.ts';
import { affected, row, rows } from './sql.ts';

let db: TestDatabase;
let owner: Database;

beforeAll(async () => {
  db = await testDatabase();
  owner = await db.open('owner');
});
afterAll(() => db.drop());

const named = (name: string) => ({ text: `select name from leads where name = $1`, values: [name] });

test('values travel beside the text: quotes, arrays and JSON arrive as they are', async () => {
  const found = await row(
    owner.sql,
    z.object({ text: z.string(), list: z.array(z.int()), json: z.unknown() }),
    `select $1::text as text, $2::int[] as list, $3::jsonb as json`,
    [`it's ? and $1 "quoted"`, [1, 2, 3], JSON.stringify({ a: [1] })],
  );
  expect(found).toEqual({ text: `it's ? and $1 "quoted"`, list: [1, 2, 3], json: { a: [1] } });
});

test('a row answers camelCase names; what a JSON column or an array holds keeps its own', async () => {
  const text = `select 1 as lead_id, 2 as "alreadyCamel", 3 as a_b_2, array['x_y'] as some_words,
                       '{"own_key": {"deep_key": 1}}'::jsonb as json_column`;
  const camelCase = z.strictObject({
    leadId: z.literal(1),
    alreadyCamel: z.literal(2),
    aB2: z.literal(3),
    someWords: z.tuple([z.literal('x_y')]),
    jsonColumn: z.strictObject({ own_key: z.strictObject({ deep_key: z.literal(1) }) }),
  });
  expect(await row(owner.sql, camelCase, text, [])).toBeDefined();
  expect(await rows(owner.sql, camelCase, text, [])).toHaveLength(1);
});

test('statements of a transaction commit together', async () => {
  await owner.transaction(async (sql) => {
    await affected(sql, `insert into leads (name, phone, source) values ('kept', '1', 'x')`, []);
    const outside = named('kept');
    expect(await db.query(outside.text, outside.values)).toEqual([]);
  });
  expect(await rows(owner.sql, z.object({ name: z.string() }), named('kept').text, named('kept').values)).toHaveLength(
    1,
  );
});

test('a transaction that throws leaves nothing behind', async () => {
  const failing = owner.transaction(async (sql) => {
    await affected(sql, `insert into leads (name, phone, source) values ('gone', '1', 'x')`, []);
    throw new Error('on purpose');
  });
  await expect(failing).rejects.toThrow('on purpose');
  expect(await db.query(named('gone').text, ['gone'])).toEqual([]);
});

test('the clock is the database’s and moves within a transaction', async () => {
  await owner.transaction(async (sql) => {
    const first = await databaseNow(sql);
    await affected(sql, 'select pg_sleep(0.01)', []);
    expect((await databaseNow(sql)).getTime()).toBeGreaterThan(first.getTime());
  });
});

test('a dropped connection is thrown away, and the next transaction works', async () => {
  await owner.check();
  await db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-owner' and datname = current_database()`,
  );
  await expect
    .poll(() =>
      owner.check().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
});

test('a schema older than the program is not ready, and a service may ask for it with its own role', async () => {
  const ingest = await db.open('ingest');
  await ingest.check();
  const [newest] = await db.query<{ id: number; name: string }>(
    'select id, name from leadline_migrations order by id desc limit 1',
  );
  await db.query('delete from leadline_migrations where id = $1', [newest?.id]);
  await expect(ingest.check()).rejects.toThrow('the schema is older than this program');
  await db.query('insert into leadline_migrations (name) values ($1)', [newest?.name]);
  await ingest.check();
});
