import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOldPeople } from './forget-old-people.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test('what was said long ago is forgotten, that it was a qualified call is not', async () => {
  await database.query(
    `insert into calls (id, phone, status, qualification, call_started_at, call_ended_at, duration_seconds) values
       (1, '+919000000001', 'pushed', '{"budget":"2 lakh"}', now() - interval '41 days', now() - interval '41 days', 60),
       (2, '+919000000002', 'pushed', '{"budget":"3 lakh"}', now() - interval '39 days', now() - interval '39 days', 60),
       (3, '+919000000003', 'calling', '{"budget":"4 lakh"}', now() - interval '50 days', null, null)`,
  );
  await database.query(`insert into call_facts (call_id, callback_at) values (1, now())`);
  const postgres = await database.open('callTracker');
  expect(await forgetOldPeople(postgres, 40)).toBe(1);
  expect(await forgetOldPeople(postgres, 40)).toBe(0);
  const calls = await database.query('select status, qualification is null as forgotten from calls order by id');
  expect(calls).toEqual([
    { status: 'pushed', forgotten: true },
    { status: 'pushed', forgotten: false },
    { status: 'calling', forgotten: false },
  ]);
  expect(await database.query('select callback_at from call_facts')).toEqual([{ callback_at: null }]);
});
