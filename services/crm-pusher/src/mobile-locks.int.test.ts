import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLink } from '@leadline/testing/link';
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

test(
  'a Postgres that goes away without a word holds nothing any more, and keeps nobody waiting',
  { timeout: 30_000 },
  async () => {
    const link = await openLink(db.roleUrls.crmPusher);
    try {
      const held = await mobileLocks(link.url).hold('9812345678', (lock) => {
        void link.loseAnswerTo((request) => request.includes('select 1'));
        return lock.stillHeld();
      });
      expect(held).toBe(false);
    } finally {
      await link.close();
    }
  },
);
