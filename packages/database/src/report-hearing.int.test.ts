import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseNow } from './locks.ts';
import type { Database } from './open-database.ts';
import { noteHeard, readHearing } from './report-hearing.ts';

let db: TestDatabase;
let tracker: Database;
let dispatcher: Database;
beforeAll(async () => {
  db = await testDatabase();
  [tracker, dispatcher] = await Promise.all([db.open('callTracker'), db.open('dispatcher')]);
});
afterAll(() => db.drop());

/** As if it had been noted so many seconds ago. */
const lately = async (sinceS: number, untilS: number): Promise<void> => {
  await db.query(
    `update report_hearing set heard_since = clock_timestamp() - make_interval(secs => $1),
            heard_until = clock_timestamp() - make_interval(secs => $2)`,
    [sinceS, untilS],
  );
};
const note = async (behindMs: number): Promise<void> => {
  await noteHeard(tracker.sql, new Date((await databaseNow(tracker.sql)).getTime() - behindMs));
};

test('hearing goes on without a break while it is noted', async () => {
  await lately(3_600, 2);
  await note(0);
  const { behindMs, sinceMs } = await readHearing(dispatcher.sql);
  expect(behindMs).toBeLessThan(1_000);
  expect(sinceMs).toBeGreaterThan(3_599_000);
});

test('after a break it begins anew', async () => {
  await lately(3_600, 60);
  expect((await readHearing(dispatcher.sql)).behindMs).toBeGreaterThan(59_000);
  await note(0);
  const { behindMs, sinceMs } = await readHearing(dispatcher.sql);
  expect(behindMs).toBeLessThan(1_000);
  expect(sinceMs).toBeLessThan(1_000);
});

test('what was stored while nobody listened is worked off without a break: agents could report it', async () => {
  await lately(3_600, 60);
  for (const behindMs of [58_000, 45_000, 31_000, 17_000, 3_000, 0]) await note(behindMs);
  const { behindMs, sinceMs } = await readHearing(dispatcher.sql);
  expect(behindMs).toBeLessThan(1_000);
  expect(sinceMs).toBeGreaterThan(3_599_000);
});

test('a clock that is set back leaves no break that begins in the future', async () => {
  await lately(-120, -119);
  await note(0);
  const { behindMs, sinceMs } = await readHearing(dispatcher.sql);
  expect(behindMs).toBeLessThan(1_000);
  expect(sinceMs).toBeGreaterThanOrEqual(0);
});

test('nothing is noted that is still to come, and a note tells the time', async () => {
  await lately(3_600, 2);
  const noted = await noteHeard(tracker.sql, new Date(Date.now() + 3_600_000));
  expect(Math.abs((noted?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  const [row] = await db.query<{ ahead: boolean }>(
    `select heard_until > clock_timestamp() as ahead from report_hearing where id = 1`,
  );
  expect(row?.ahead).toBe(false);
});

test('a row that is gone means that nothing was ever heard', async () => {
  await db.query('delete from report_hearing');
  expect(await readHearing(dispatcher.sql)).toEqual({ behindMs: Number.POSITIVE_INFINITY, sinceMs: 0 });
});
