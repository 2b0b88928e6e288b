import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterEach, beforeEach, expect, test } from 'vitest';

let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase();
  await db.query(`insert into leads (name, phone, source) values ('Asha', '+919812345678', 'website')`);
  await db.query(`insert into calls (lead_id, name, phone, status) select id, name, phone, 'calling' from leads`);
});
afterEach(() => db.drop());

async function count(table: string): Promise<number> {
  const [found] = await db.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return found?.n ?? -1;
}

/** So many changes, each in a transaction of its own. */
async function change(times: number): Promise<void> {
  await db.query(
    `do $$ begin for n in 1..${times} loop update calls set updated_at = clock_timestamp(); commit; end loop; end $$`,
  );
}

test('where no dashboard was ever started, notes of changed calls do not pile up', async () => {
  await change(5_000);
  expect(await count('call_changes')).toBeLessThanOrEqual(1_101);
  expect(await count('call_changes_dropped')).toBe(0);
});

test('where one was started, each note is kept for it', async () => {
  await db.query(`insert into dashboard_builds (generation, state, pulse_seconds) values (1, 'serving', 60)`);
  const before = await count('call_changes');
  await change(2_500);
  expect(await count('call_changes')).toBe(before + 2_500);
  expect(await count('call_changes_dropped')).toBe(0);
});

test('one that stays away for very long costs no end of notes, and is told', async () => {
  await db.query(`insert into dashboard_builds (generation, state, pulse_seconds) values (1, 'serving', 60)`);
  await db.query(`insert into call_changes (call_id) select 1 from generate_series(1, 104000)`);
  await change(2_000);
  expect(await count('call_changes')).toBeLessThanOrEqual(100_101);
  expect(await count('call_changes_dropped')).toBe(1);
  // What it was not told of last is still there.
  const [newest] = await db.query<{ is: boolean }>(
    `select max(seq) = (select last_value from call_changes_seq_seq) as is from call_changes`,
  );
  expect(newest?.is).toBe(true);
});

test('changes that come side by side are all noted, and none fails', async () => {
  await db.query(`insert into call_changes (call_id) select 1 from generate_series(1, 3000)`);
  await Promise.all(Array.from({ length: 8 }, () => change(300)));
  expect(await count('call_changes')).toBeLessThanOrEqual(1_101);
});
