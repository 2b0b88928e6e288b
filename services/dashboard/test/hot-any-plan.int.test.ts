import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { findGreedy, noteStatements } from '@leadline/testing/generic-plans';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHotCalls } from '../src/hot/read.ts';
import { readReached } from '../src/reached/read.ts';

// A sales manager keeps the list open, so it is read every few seconds: it must not read all calls that ever were.
let database: TestDatabase;
const calls = 40_000;
/** Of 8 KB: a page of the list takes some six of them a call. All calls are some thousands. */
const mostPages = 800;

beforeAll(async () => {
  database = await testDatabase();
  await database.query(
    `with past as (
       insert into leads (name, phone, source, status, created_at)
       select 'Asha', '+9196' || lpad(n::text, 8, '0'), case when n % 3 = 0 then 'indiamart' else 'website' end, 'dispatched',
              now() - n * interval '60 seconds'
         from generate_series(1, $1::int) n returning id, phone, source, created_at),
     rung as (
       insert into calls (lead_id, phone, name, source, status, qualification, attempt, call_room, call_started_at)
       select id, phone, 'Asha', source, case when id % 4 = 0 then 'failed' else 'pushed' end, '{"budget": "9 lakh"}', 1,
              'call-' || id || '-past', created_at
         from past returning id)
     insert into call_facts (call_id, disposition)
     select id, case id % 5 when 0 then 'interested' when 1 then 'not_interested' end from rung`,
    [calls],
  );
  await database.query('vacuum analyze');
}, 600_000);
afterAll(() => database.drop());

test(
  'whatever the plan, Hot now and Reached read a few pages of a table of any size',
  { timeout: 300_000 },
  async () => {
    const noted = noteStatements(await database.open('dashboard', 2));
    const now = new Date();
    const deps = { postgres: noted.database };
    for (const days of [30, 7, 1]) {
      const all = await readHotCalls(deps, { outcome: 'hot', days }, now, 50);
      expect(all).toHaveLength(50);
      const before = all.at(-1)?.callId;
      expect(await readHotCalls(deps, { outcome: 'interested', days, before, source: 'website' }, now, 50)).not.toEqual(
        [],
      );
    }
    await readReached(deps, { from: '2026-11-01', until: '2027-01-01' });
    const greedy = await findGreedy(database.url, noted.statements, mostPages);
    expect(greedy).toEqual([]);
  },
);
