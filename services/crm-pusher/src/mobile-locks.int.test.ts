import { affected, type Sql } from '@leadline/database/sql';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { until } from '@leadline/testing/until';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { mobileLocks, type HeldNumber, type MobileLocks } from './mobile-locks.ts';

let db: TestDatabase;
const opened: MobileLocks[] = [];
beforeAll(async () => {
  db = await testDatabase();
  await db.query('create table said (what text)');
  await db.query('grant all on said to public');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((locks) => locks.stop()));
});
afterAll(() => db.drop());

function openLocks(url = db.roleUrls.crmPusher): MobileLocks {
  const locks = mobileLocks(url);
  opened.push(locks);
  return locks;
}

function hold<T>(
  locks: MobileLocks,
  phone: string,
  work: (lock: HeldNumber) => Promise<T>,
): Promise<T | 'busy' | undefined> {
  return locks.hold({
    phoneOf: () => Promise.resolve(phone),
    read: () => Promise.resolve(),
    work: (_read, lock) => work(lock),
  });
}
const pushed = (): Promise<string> => Promise.resolve('pushed');
const say = (what: string) => (sql: Sql) => affected(sql, 'insert into said values ($1)', [what]);
const said = async (): Promise<string[]> =>
  (await db.query<{ what: string }>('select what from said order by what')).map(({ what }) => what);

const here = 'datname = current_database()';
const sessions = (): Promise<{ pid: number }[]> =>
  db.query(`select pid from pg_stat_activity where application_name = 'crm-pusher-lock' and ${here}`);
const isFree = async (): Promise<boolean> =>
  (
    await db.query(
      `select l.pid from pg_locks l join pg_database d on d.oid = l.database where l.locktype = 'advisory' and ${here}`,
    )
  ).length === 0;

test('a number is held once over all replicas and within one, however it is written', async () => {
  const [one, other] = [openLocks(), openLocks()];
  const work = async (lock: HeldNumber): Promise<boolean> => {
    expect(await hold(other, '+91 98123 45678', pushed)).toBe('busy');
    expect(await hold(one, '+919812345678', pushed)).toBe('busy');
    expect(await hold(one, '+919812345679', pushed)).toBe('pushed');
    return lock.write(say('held'));
  };
  expect(await hold(one, '9812345678', work)).toBe(true);
  expect(await said()).toEqual(['held']);
  await until('it is let go', isFree);
  expect(await hold(other, '+919812345678', pushed)).toBe('pushed');
});

test('what is read under the lock shows what its last holder wrote', async () => {
  const [one, other] = [openLocks(), openLocks()];
  const count = async (sql: Sql): Promise<number> => (await sql.query('select 1 from said', [])).rows.length;
  const before = (await said()).length;
  const reading = (locks: MobileLocks, work: (seen: number, lock: HeldNumber) => Promise<number>) =>
    locks.hold({ phoneOf: () => Promise.resolve('9812345670'), read: count, work });
  expect(
    await reading(one, async (seen, lock) => {
      await lock.write(say('first'));
      return seen;
    }),
  ).toBe(before);
  await until('it is let go', isFree);
  expect(await reading(other, (seen) => Promise.resolve(seen))).toBe(before + 1);
});

test('one session serves all pushes, whatever became of the one before', async () => {
  const locks = openLocks();
  await hold(locks, '9812345678', pushed);
  const first = await sessions();
  await expect(hold(locks, '9812345679', () => Promise.reject(new Error('on purpose')))).rejects.toThrow('on purpose');
  const unreadable = locks.hold({
    phoneOf: () => Promise.resolve('9812345677'),
    read: async () => z.number().parse('many'),
    work: pushed,
  });
  await expect(unreadable).rejects.toThrow(z.ZodError);
  expect(
    await Promise.all(['9812345671', '9812345672', '9812345678'].map((phone) => hold(locks, phone, pushed))),
  ).toEqual(['pushed', 'pushed', 'pushed']);
  expect(first.length).toBeGreaterThan(0);
  expect(first).toEqual(expect.arrayContaining(await sessions()));
  await until('all are let go', isFree);
});

test('a statement that fails ends the session; another one is opened, and what was held before writes nothing', async () => {
  const locks = openLocks();
  const held = await hold(locks, '9812345678', async (lock) => {
    const failing = locks.hold({
      phoneOf: () => Promise.resolve('9812345679'),
      read: (sql) => sql.query('select 1 / 0', []),
      work: pushed,
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await hold(locks, '9812345671', pushed)).toBe('pushed');
    return lock.write(say('lost'));
  });
  expect(held).toBe(false);
  expect(await said()).not.toContain('lost');
  expect(await hold(locks, '9812345678', pushed)).toBe('pushed');
  expect(await hold(locks, '9812345679', pushed)).toBe('pushed');
});

test('a session that the server has ended writes nothing', async () => {
  const locks = openLocks();
  const held = await hold(locks, '9812345678', async (lock) => {
    for (const { pid } of await sessions()) await db.query('select pg_terminate_backend($1, 1000)', [pid]);
    return lock.write(say('ended'));
  });
  expect(held).toBe(false);
  expect(await said()).not.toContain('ended');
});

test(
  'a Postgres that goes away without a word holds nothing any more, and keeps nobody waiting',
  { timeout: 60_000 },
  async () => {
    const link = await openLinkTo(db.roleUrls.crmPusher);
    try {
      const held = await hold(openLocks(link.url), '9812345678', (lock) => {
        void link.loseAnswerTo((request) => request.includes('insert into said'));
        return lock.write(say('unheard'));
      });
      expect(held).toBe(false);
    } finally {
      await link.close();
    }
  },
);
