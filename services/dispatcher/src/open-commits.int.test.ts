import { affected } from '@leadline/database/sql';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCommits } from './open-commits.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** Calls whose leads' ids are in the opposite order of their own. */
async function addCalls(count: number): Promise<{ id: number; leadId: number }[]> {
  const calls = await database.query<{ id: number; lead_id: number }>(
    `with leads_of as (
       insert into leads (name, phone, source)
       select 'Asha', '+9198' || lpad(nextval('leads_id_seq')::text, 8, '0'), 'website' from generate_series(1, $1::int)
       returning id, phone)
     insert into calls (lead_id, name, phone, source, status, attempt)
     select id, 'Asha', phone, 'website', 'called', 1 from leads_of order by id desc returning id, lead_id`,
    [count],
  );
  return calls.map(({ id, lead_id: leadId }) => ({ id, leadId }));
}

test('two replicas that settle the same leads in opposite orders wait for each other, and do not deadlock', async () => {
  const calls = await addCalls(20);
  const touched = new Map<number, number>();
  const settleAll = async (order: typeof calls): Promise<void> => {
    const commits = openCommits(await database.open('dispatcher', 4));
    // The first goes alone, the others in a group behind it.
    const settled = order.map(({ id, leadId }) =>
      commits.add(id, async (sql) => {
        await affected(sql, `update leads set retry_count = retry_count + 1 where id = $1`, [leadId]);
        await affected(sql, 'select pg_sleep(0.005)', []);
        touched.set(leadId, (touched.get(leadId) ?? 0) + 1);
      }),
    );
    await Promise.all(settled);
  };
  await Promise.all([settleAll(calls), settleAll(calls.toReversed())]);
  // A group that failed in a deadlock would have run some steps twice.
  expect([...touched.values()]).toEqual(calls.map(() => 2));
});

test('a step that fails is told so alone; the others of its group are committed', async () => {
  const calls = await addCalls(4);
  const commits = openCommits(await database.open('dispatcher', 4));
  const results = await Promise.allSettled(
    calls.map(({ id, leadId }, n) =>
      commits.add(id, async (sql) => {
        await affected(sql, `update leads set status = 'dispatched' where id = $1`, [leadId]);
        if (n === 2) await affected(sql, 'select 1 / 0', []);
        return n;
      }),
    ),
  );
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.status))).toEqual([
    0,
    1,
    'rejected',
    3,
  ]);
  const settled = await database.query<{ id: number }>(
    `select id from leads where status = 'dispatched' and id = any($1) order by id desc`,
    [calls.map(({ leadId }) => leadId)],
  );
  expect(settled.map(({ id }) => id)).toEqual(calls.filter((_, n) => n !== 2).map(({ leadId }) => leadId));
});
