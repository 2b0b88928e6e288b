import { findGreedy, noteStatements, type Statements } from '@leadline/testing/generic-plans';
import { fillWithPast } from '@leadline/testing/fill-with-past';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { silentLog } from '@leadline/testing/silent-log';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CrmClient } from './crm-client.ts';
import type { Deps } from './deps.ts';
import { createMetrics } from './metrics.ts';
import { openCommits } from './open-commits.ts';
import { pushCall } from './push-call.ts';
import { pushEnquiries } from './push-enquiries.ts';
import { measure, sweepUnpushedCalls } from './sweep-unpushed-calls.ts';

// Postgres may plan a named statement without its values. What is asked for each push, or every few seconds, must not read
// all calls or all leads that ever were, whatever the plan.
let database: TestDatabase;
let statements: Statements;
let deps: Deps;

const past = 50_000;
/** Of 8 KB, for a few calls at some 30 each. All calls are some 1,000 of them. */
const mostPages = 300;

/** Knows every customer, and no task. */
const crm: CrmClient = {
  findCustomer: async () => ({ kind: 'ok', body: null, customerId: 'c-1' }),
  createCustomer: async () => ({ kind: 'ok', body: null, customerId: 'c-1' }),
  findTask: async () => ({ kind: 'ok', body: null }),
  createTask: async () => ({ kind: 'ok', body: null, taskId: 't-1' }),
};

beforeAll(async () => {
  database = await testDatabase();
  const noted = noteStatements(await database.open('crmPusher'));
  ({ statements } = noted);
  deps = {
    postgres: noted.database,
    crm,
    commits: openCommits(noted.database),
    locks: {
      async hold({ phoneOf, read, work }) {
        const { sql } = noted.database;
        if ((await phoneOf(sql)) === undefined) return undefined;
        return work(await read(sql), {
          async write(write) {
            await write(sql);
            return true;
          },
        });
      },
      stop: () => Promise.resolve(),
    },
    now: (databaseTime) => databaseTime,
    policy: { lookAgainMs: 1_000, lookGapMs: 1_000, sweepAfterMs: 1_000, oldCallsMaxAgeDays: 3 },
    mapping: { priority: 'high' },
    metrics: createMetrics(),
    log: silentLog,
  };
  await fillWithPast(database, past);
  // Enquiries of before that have a task of their own, and leads that wait for something else.
  await database.query(
    `with received as (
       insert into lead_receipts (id, source, source_lead_id, body_hash, body, verdict, lead_id)
       select gen_random_uuid(), 'website', 'OLD-' || id, 'x', '{}', 'accepted', id from leads returning id, lead_id),
     added as (
       insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at, added_at)
       select id, lead_id, 'website', 'Dona machine', clock_timestamp(), clock_timestamp() - interval '10 days'
         from received),
     waiting as (
       insert into lead_waits (lead_id, reason, until) select lead_id, 'no_channel', null from received)
     insert into crm_enquiries (enquiry_id, lead_id, told_at, enquiries)
     select id, lead_id, clock_timestamp(), array[id] from received`,
  );
  await database.query('vacuum analyze');
}, 120_000);
afterAll(() => database.drop());

test('whatever the plan, no statement of a push reads all old calls or leads', { timeout: 120_000 }, async () => {
  const calls = await database.query<{ id: number }>(
    `with leads_of as (insert into leads (name, phone, source)
       select 'Asha', '+91981234' || lpad(n::text, 4, '0'), 'website' from generate_series(1, 4) n returning id, phone)
     insert into calls (lead_id, name, phone, source, status, call_room, attempt, qualification, updated_at)
     select id, 'Asha', phone, 'website', 'called', 'call-' || id || '-abcdefabcdef', 1, '{"budget":"8 lakh"}',
            clock_timestamp() - interval '1 hour' from leads_of returning id`,
  );
  expect(await pushCall(calls[0]?.id ?? 0, () => undefined, deps)).toEqual({ kind: 'done' });
  deps.crm = { ...crm, createTask: async () => ({ kind: 'later', because: 'http_503', afterMs: 60_000 }) };
  expect((await pushCall(calls[1]?.id ?? 0, () => undefined, deps)).kind).toBe('later');
  deps.crm = { ...crm, createTask: async () => ({ kind: 'refused', status: 422 }) };
  expect((await pushCall(calls[2]?.id ?? 0, () => undefined, deps)).kind).toBe('refused');
  deps.crm = crm;
  await sweepUnpushedCalls(deps, new AbortController().signal);
  // A buyer with a task who asks for something else, and one who waits because he has just talked with us.
  await database.query(
    `with received as (
       insert into lead_receipts (id, source, source_lead_id, body_hash, body, verdict, lead_id)
       select gen_random_uuid(), 'website', 'MORE-' || id, 'x', '{}', 'accepted', id from leads where id between 5 and 8
       returning id, lead_id)
     insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at)
     select id, lead_id, 'website', 'Dona machine', clock_timestamp() from received`,
  );
  await database.query(
    `with paused as (insert into leads (name, phone, source) values ('Asha', '+919812340099', 'website') returning id)
     insert into lead_waits (lead_id, reason, until)
     select id, 'talked_recently', clock_timestamp() + interval '1 hour' from paused`,
  );
  expect(await pushEnquiries(deps, new AbortController().signal)).toBe(undefined);
  await measure(deps);
  expect(statements.size).toBeGreaterThan(15);
  expect(await findGreedy(database.url, statements, mostPages)).toEqual([]);
});
