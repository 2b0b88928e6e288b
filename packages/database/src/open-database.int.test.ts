import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { decideFault } from './decide-fault.ts';
import { openDatabase } from './open-database.ts';
import { affected, row } from './sql.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const backend = z.object({ pid: z.number() });
const ownBackend = 'select pg_backend_pid() as pid';

test('transactions that lose their server give their connections back: as many as the pool has, and the next one works', async () => {
  const database = await db.open('owner', 3);
  for (let lost = 0; lost < 4; lost++) {
    const losing = database.transaction(async (sql) => {
      const found = await row(sql, backend, ownBackend, []);
      await db.query('select pg_terminate_backend($1, 1000)', [found?.pid]);
      await affected(sql, 'select 1', []);
    });
    await expect(losing).rejects.toThrow(/terminat|not queryable/i);
  }
  expect(await database.transaction((sql) => row(sql, backend, ownBackend, []))).toBeDefined();
});

test('a server that goes away without a word is given up, in and out of a transaction', async () => {
  const link = await openLinkTo(db.url);
  const database = await openDatabase({ url: link.url, name: 'test-silent', poolSize: 2, silentMs: 500 });
  try {
    void link.loseAnswerTo((request) => request.includes('lost inside'));
    const losing = database.transaction((sql) => affected(sql, `select 'lost inside'`, []));
    await expect(losing).rejects.toThrow(/connection terminated/i);
    void link.loseAnswerTo((request) => request.includes('lost outside'));
    await expect(affected(database.sql, `select 'lost outside'`, [])).rejects.toThrow(/connection terminated/i);
    await Promise.all([database.check(), database.check(), database.check()]);
  } finally {
    await database.close();
    await link.close();
  }
});

test('a connection in use that is not silent, and an idle one, are kept', async () => {
  const database = await openDatabase({ url: db.url, name: 'test-kept', poolSize: 1, silentMs: 200 });
  try {
    const first = await database.transaction(async (sql) => {
      const found = await row(sql, backend, ownBackend, []);
      for (let n = 0; n < 10; n++) await affected(sql, 'select pg_sleep(0.05)', []);
      return found;
    });
    await wait(500);
    expect(await row(database.sql, backend, ownBackend, [])).toEqual(first);
  } finally {
    await database.close();
  }
});

test('what writes is sent only once begin was answered; locks and reads leave with it', async () => {
  const link = await openLinkTo(db.url);
  const database = await openDatabase({ url: link.url, name: 'test-begin', poolSize: 1, silentMs: 500 });
  try {
    await database.check();
    let sent = '';
    const stop = link.watch((chunk, direction) => {
      if (direction === 'toServer') sent += chunk;
      return direction === 'toServer' ? 'pass' : 'swallow';
    });
    const writing = database.transaction((sql) =>
      Promise.all([
        affected(sql, `select 'a read'`, []),
        affected(sql, 'delete from leads', []),
        affected(sql, `select 'behind it'`, []),
      ]),
    );
    await expect(writing).rejects.toThrow(/terminated/i);
    stop();
    expect(sent).toMatch(/begin.*a read/is);
    expect(sent).not.toMatch(/delete|behind it/);
  } finally {
    await database.close();
    await link.close();
  }
});

test('a transaction one of whose statements failed unheard is not taken for committed', async () => {
  const database = await db.open('owner', 1);
  const deaf = database.transaction((sql) => affected(sql, 'select 1 / 0', []).catch(() => 0));
  await expect(deaf).rejects.toThrow('nothing was committed');
});

test('a statement whose columns changed under it works again on the next connection', async () => {
  await db.query('create table widened (n int)');
  const database = await db.open('owner', 1);
  const read = (): Promise<unknown> => database.sql.query('select n from widened', []);
  await read();
  await db.query('alter table widened alter column n type bigint');
  const error = await read().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: '0A000' });
  expect(decideFault(error)).toBe('outage');
  await read();
});

test('the last statement leaves with commit, and is undone with it where it fails', async () => {
  await db.query('create table last_words (word text primary key)');
  const link = await openLinkTo(db.url);
  const database = await openDatabase({ url: link.url, name: 'test-last', poolSize: 1 });
  const say = (word: string): Promise<number> =>
    database.transactionEndingWith(async (sql) => {
      await affected(sql, `select 'a read'`, []);
      return () => affected(sql, 'insert into last_words values ($1)', [word]);
    });
  try {
    await database.check();
    const sent: string[] = [];
    const stop = link.watch((chunk, direction) => {
      sent.push(`${direction} ${chunk}`);
      return 'pass';
    });
    expect(await say('once')).toBe(1);
    stop();
    const [insert, commit] = ['insert into last_words', 'commit\0'].map((text) =>
      sent.findIndex((chunk) => chunk.includes(text)),
    );
    expect(insert).toBeGreaterThan(0);
    // Nothing was heard between the two.
    expect(sent.slice(insert, commit).filter((chunk) => chunk.startsWith('toClient'))).toEqual([]);
    expect(commit).toBeGreaterThanOrEqual(insert ?? 0);

    await expect(say('once')).rejects.toMatchObject({ code: '23505' });
    expect(await say('twice')).toBe(1);
    const thrown = database.transactionEndingWith(async (sql) => {
      await affected(sql, 'insert into last_words values ($1)', ['never']);
      return () => {
        throw new Error('before anything was sent');
      };
    });
    await expect(thrown).rejects.toThrow('before anything was sent');
    expect(await db.query('select word from last_words order by word')).toEqual([{ word: 'once' }, { word: 'twice' }]);
  } finally {
    await database.close();
    await link.close();
  }
});

test('a statement that comes after its transaction has ended is refused, not run by itself', async () => {
  await db.query('create table belated (n int)');
  const database = await db.open('owner', 1);
  const belated = 'insert into belated values (1)';
  const sql = await database.transaction(async (own) => own);
  await expect(affected(sql, belated, [])).rejects.toThrow('the transaction is over');
  const late = database.transactionEndingWith(async (own) => async () => {
    await row(own, backend, ownBackend, []);
    await affected(own, belated, []);
  });
  await expect(late).rejects.toThrow('the transaction is over');
  expect(await db.query('select n from belated')).toEqual([]);
});

test.for([
  ['each_time', 'force_custom_plan'],
  ['once', 'force_generic_plan'],
  [undefined, 'auto'],
] as const)('statements are planned: %s', async ([plans, mode]) => {
  const database = await openDatabase({ url: db.url, name: 'test-plans', poolSize: 1, plans });
  try {
    const text = `select current_setting('plan_cache_mode') as mode`;
    expect(await row(database.sql, z.object({ mode: z.string() }), text, [])).toEqual({ mode });
  } finally {
    await database.close();
  }
});

test('who hears a channel alone hears each commit that notifies it, none that is undone, and nobody else is notified', async () => {
  const database = await db.open('owner', 2);
  const listener = new Client({ connectionString: db.url });
  await listener.connect();
  const notified: string[] = [];
  listener.on('notification', ({ channel }) => notified.push(channel));
  await listener.query('listen one; listen other');
  let heard = 0;
  const hearNoMore = database.hearAlone('one', () => void heard++);
  const tell = `select pg_notify('one', ''), pg_notify('other', '')`;
  await database.transaction(async (sql) => {
    await affected(sql, tell, []);
    expect(heard).toBe(0);
  });
  expect(heard).toBe(1);
  await expect(
    database.transaction(async (sql) => {
      await affected(sql, tell, []);
      throw new Error('on purpose');
    }),
  ).rejects.toThrow('on purpose');
  expect(heard).toBe(1);
  expect(await affected(database.sql, tell, [])).toBe(1);
  expect(heard).toBe(2);
  hearNoMore();
  await affected(database.sql, tell, []);
  await listener.query('select 1');
  expect({ heard, notified }).toEqual({ heard: 2, notified: ['other', 'other', 'one', 'other'] });
  await listener.end();
});
