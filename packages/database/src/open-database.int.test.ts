import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
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
    const losing = database.transaction(async (em) => {
      const found = await row(em, backend, ownBackend, []);
      await db.query('select pg_terminate_backend($1, 1000)', [found?.pid]);
      await affected(em, 'select 1', []);
    });
    await expect(losing).rejects.toThrow(/terminat|not queryable/i);
  }
  expect(await database.transaction((em) => row(em, backend, ownBackend, []))).toBeDefined();
});

test('a server that goes away without a word is given up, in and out of a transaction', async () => {
  const link = await openLinkTo(db.url);
  const database = await openDatabase({ url: link.url, name: 'test-silent', poolSize: 2, silentMs: 500 });
  try {
    void link.loseAnswerTo((request) => request.includes('lost inside'));
    const losing = database.transaction((em) => affected(em, `select 'lost inside'`, []));
    await expect(losing).rejects.toThrow(/connection terminated/i);
    void link.loseAnswerTo((request) => request.includes('lost outside'));
    await expect(affected(database.em(), `select 'lost outside'`, [])).rejects.toThrow(/connection terminated/i);
    await Promise.all([database.check(), database.check(), database.check()]);
  } finally {
    await database.close();
    await link.close();
  }
});

test('a connection in use that is not silent, and an idle one, are kept', async () => {
  const database = await openDatabase({ url: db.url, name: 'test-kept', poolSize: 1, silentMs: 200 });
  try {
    const first = await database.transaction(async (em) => {
      const found = await row(em, backend, ownBackend, []);
      for (let n = 0; n < 10; n++) await affected(em, 'select pg_sleep(0.05)', []);
      return found;
    });
    await wait(500);
    expect(await row(database.em(), backend, ownBackend, [])).toEqual(first);
  } finally {
    await database.close();
  }
});
