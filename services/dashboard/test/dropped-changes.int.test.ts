import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, untilKept, type Stand } from './start-dashboard.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({
    before: async (db) => {
      await db.query(`insert into leads (name, phone, source) values ('Asha', '+919812345678', 'website')`);
      await db.query(
        `insert into calls (lead_id, name, phone, status, call_started_at, call_ended_at, duration_seconds)
         select id, name, phone, 'called', now() - interval '5 minutes', now(), 60 from leads`,
      );
    },
  });
});
afterAll(() => stand.stop());

async function told(): Promise<{ generation: number; seconds: number }> {
  const [found] = await stand.db.query<{ generation: number; seconds: number }>(
    `select b.generation, (m.counted_micros / 1000000)::int as seconds
       from dashboard_builds b join call_minutes m on m.generation = b.generation where b.state = 'serving'`,
  );
  return found ?? { generation: 0, seconds: -1 };
}

test('a dashboard that finds changes dropped builds anew, and shows what it was never told of', async () => {
  await untilKept(stand.db);
  expect(await told()).toEqual({ generation: 1, seconds: 60 });
  // A change whose note is gone before anybody has seen it.
  await stand.db.query(`alter table calls disable trigger user`);
  await stand.db.query(`update calls set duration_seconds = 240`);
  await stand.db.query(`alter table calls enable trigger user`);
  await stand.db.query(`insert into call_changes_dropped default values`);
  await until('it is built anew', async () => (await told()).generation === 2);
  expect(await told()).toEqual({ generation: 2, seconds: 240 });
  const [left] = await stand.db.query<{ n: number }>(`select count(*)::int as n from call_changes_dropped`);
  expect(left?.n).toBe(0);
  await untilKept(stand.db);
  expect((await told()).generation).toBe(2);
});
