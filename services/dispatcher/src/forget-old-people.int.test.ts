import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOldPeople } from './forget-old-people.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test('calls that ended long ago lose name and number, later ones and open ones do not, and a refusal stays on the list', async () => {
  await database.query(
    `insert into calls (id, name, phone, status, do_not_call, call_started_at, call_ended_at) values
       (1, 'Asha Verma', '+919000000001', 'pushed', null, now() - interval '41 days', now() - interval '41 days'),
       (2, 'Ravi Kumar', '+919000000002', 'failed', true, now() - interval '50 days', null),
       (3, 'Meera Iyer', '+919000000003', 'pushed', null, now() - interval '39 days', now() - interval '39 days'),
       (4, 'Imran Sheikh', '9000000004', 'calling', null, now() - interval '50 days', null)`,
  );
  await database.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at)
     values (1, 1, 1, '+919000000001', 'x', now()), (3, 3, 1, '+919000000003', 'x', now())`,
  );
  await database.query(
    `insert into dispatcher_audit (at, action, who, reason, phone)
     values (now() - interval '41 days', 'add_do_not_call', 'asha', 'asked', '+919000000009'),
            (now() - interval '41 days', 'add_do_not_call', 'asha', 'asked', 'short')`,
  );
  const postgres = await database.open('dispatcher');
  expect(await forgetOldPeople({ postgres }, 40)).toBe(3);
  expect(await forgetOldPeople({ postgres }, 40)).toBe(0);
  expect(await database.query('select id, name, phone from calls order by id')).toEqual([
    { id: 1, name: null, phone: 'erased' },
    { id: 2, name: null, phone: 'erased' },
    { id: 3, name: 'Meera Iyer', phone: '+919000000003' },
    { id: 4, name: 'Imran Sheikh', phone: '9000000004' },
  ]);
  expect(
    await database.query(
      `select phone, phone_hash = leadline_phone_hash('9000000001') as known from dials order by call_id`,
    ),
  ).toEqual([
    { phone: 'erased', known: true },
    { phone: '+919000000003', known: null },
  ]);
  expect(await database.query('select phone from do_not_call')).toEqual([{ phone: '+919000000002' }]);
  expect(await database.query('select phone from dispatcher_audit order by id')).toEqual([
    { phone: '+91••••••0009' },
    { phone: 'short' },
  ]);
});
