import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mobileLocks } from './mobile-locks.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('a number is held once over all replicas, however it is written', async () => {
  const [one, other] = [mobileLocks(db.roleUrls.crmPusher), mobileLocks(db.roleUrls.crmPusher)];
  const push = async (lock: { stillHeld(): Promise<boolean> }) => {
    expect(await other.hold('+91 98123 45678', () => Promise.resolve('pushed'))).toBe('busy');
    return lock.stillHeld();
  };
  expect(await one.hold('9812345678', push)).toBe(true);
  expect(await other.hold('+919812345678', () => Promise.resolve('pushed'))).toBe('pushed');
});

test('a session serves the next push, whatever became of the one before', async () => {
  const locks = mobileLocks(db.roleUrls.crmPusher);
  const here = 'datname = current_database()';
  const sessions = (): Promise<unknown[]> =>
    db.query(`select pid from pg_stat_activity where application_name = 'crm-pusher-lock' and ${here}`);
  await locks.hold('9812345678', () => Promise.resolve('pushed'));
  const first = await sessions();
  await expect(locks.hold('9812345679', () => Promise.reject(new Error('on purpose')))).rejects.toThrow('on purpose');
  await locks.hold('9812345678', () => Promise.resolve('pushed'));
  expect(first.length).toBeGreaterThan(0);
  expect(first).toEqual(expect.arrayContaining(await sessions()));
  const locked = `select l.pid from pg_locks l join pg_database d on d.oid = l.database where l.locktype = 'advisory' and ${here}`;
  expect(await db.query(locked)).toEqual([]);
});

test(
  'a Postgres that goes away without a word holds nothing any more, and keeps nobody waiting',
  { timeout: 60_000 },
  async () => {
    const link = await openLinkTo(db.roleUrls.crmPusher);
    try {
      const held = await mobileLocks(link.url).hold('9812345678', (lock) => {
        void link.loseAnswerTo((request) => request.includes('transaction_read_only'));
        return lock.stillHeld();
      });
      expect(held).toBe(false);
    } finally {
      await link.close();
    }
  },
);
