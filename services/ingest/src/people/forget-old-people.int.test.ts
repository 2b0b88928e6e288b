import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOldPeople } from './forget-old-people.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test('old leads and deliveries lose the person, and who waits for a call keeps everything', async () => {
  await database.query(
    `insert into leads (id, name, phone, source, email, city, product_name, query_message, status, created_at, updated_at) values
       (1, 'Asha Verma', '+919000000001', 'website', 'a@example.com', 'Pune', 'Flour mill', 'call me', 'dispatched',
        now() - interval '41 days', now() - interval '41 days'),
       (2, 'Ravi Kumar', '+919000000002', 'website', null, null, null, null, 'new',
        now() - interval '41 days', now() - interval '41 days'),
       (3, 'Meera Iyer', '+919000000003', 'website', null, null, null, null, 'failed',
        now() - interval '41 days', now() - interval '3 days')`,
  );
  await database.query(
    `insert into lead_receipts (id, received_at, source, body_hash, body, verdict, lead_id) values
       (gen_random_uuid(), now() - interval '41 days', 'website', 'h', '{"name":"Asha Verma"}', 'accepted', 1),
       (gen_random_uuid(), now() - interval '41 days', 'website', 'h', '{"name":"Nobody"}', 'rejected', null),
       (gen_random_uuid(), now(), 'website', 'h', '{"name":"Somebody"}', 'rejected', null)`,
  );
  const postgres = await database.open('ingest');
  expect(await forgetOldPeople(postgres, 40)).toBe(3);
  expect(await forgetOldPeople(postgres, 40)).toBe(0);
  const leads = await database.query(
    'select name, phone, email, city, product_name, query_message from leads order by id',
  );
  expect(leads[0]).toEqual({
    name: 'erased',
    phone: 'erased',
    email: null,
    city: null,
    product_name: 'Flour mill',
    query_message: null,
  });
  expect(leads.slice(1).map((lead) => lead['name'])).toEqual(['Ravi Kumar', 'Meera Iyer']);
  const bodies = await database.query<{ body: string }>('select body from lead_receipts order by body');
  expect(bodies.map(({ body }) => body)).toEqual(['', '', '{"name":"Somebody"}']);
});
