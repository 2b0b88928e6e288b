import { services } from '@leadline/contracts/services';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from './roles.ts';

let db: TestDatabase;
const clients = new Map<Role, Client>();

beforeAll(async () => {
  db = await testDatabase();
  for (const { key: role } of services) {
    const client = new Client({ connectionString: db.roleUrls[role] });
    await client.connect();
    clients.set(role, client);
  }
  await db.query(
    `insert into leads (name, phone, source) values ('A', '+919000000001', 'x'), ('B', '+919000000002', 'x')`,
  );
  await db.query(
    `insert into calls (lead_id, phone, attempt, call_room) values (1, '+919000000001', 1, 'call-1-aaaaaaaaaaaa')`,
  );
});
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()));
  await db.drop();
});

/** `allowed` or the SQLSTATE; nothing is kept. */
async function attempt(role: Role, statement: string): Promise<string> {
  const client = clients.get(role);
  await client?.query('begin');
  try {
    await client?.query(statement);
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client?.query('rollback');
  }
}

const denied = '42501';
const mayWrite: Record<Role, string[]> = {
  ingest: ['lead_receipts', 'ingest_outbox'],
  dispatcher: [
    'dials',
    'do_not_call',
    'dial_control',
    'lead_waits',
    'enquiries_heeded',
    'callbacks',
    'dispatcher_audit',
    'dispatcher_outbox',
  ],
  callTracker: ['call_facts', 'call_tracker_outbox'],
  crmPusher: ['crm_pushes', 'crm_enquiries', 'crm_pusher_outbox'],
  dashboard: [
    'call_changes',
    'dashboard_builds',
    'call_minutes',
    'minutes_daily',
    'lead_progress',
    'funnel_daily',
    'speed_daily',
    'reached_daily',
    'lead_events',
    'dashboard_users',
    'dashboard_sessions',
    'dashboard_login_failures',
    'dashboard_redrives',
  ],
};
const tables = [
  ...new Set([
    ...Object.values(mayWrite).flat(),
    'leads',
    'calls',
    'odd_steps',
    'adoption',
    'leadline_migrations',
    'dashboard_audit',
  ]),
];

describe.for(services.map(({ key }) => key))('%s', (role) => {
  test.for(tables)('deletes from %s only where it is its own', async (table) => {
    expect(await attempt(role, `delete from ${table}`)).toBe(mayWrite[role].includes(table) ? 'allowed' : denied);
  });
  test.for(tables)('can not empty, change or lock away %s', async (table) => {
    expect(await attempt(role, `truncate ${table}`)).toBe(denied);
    expect(await attempt(role, `alter table ${table} add column x int`)).toBe(denied);
  });
});

test.for([
  ['ingest', `insert into leads (name, phone, source) values ('C', '1', 'x')`, 'allowed'],
  ['ingest', `update leads set status = 'failed' where id = 1`, denied],
  ['ingest', `update leads set name = 'erased', phone = 'erased', email = null where id = 1`, 'allowed'],
  ['ingest', `select leadline_phone_hash('+919000000001')`, 'allowed'],
  ['ingest', `delete from erased_numbers`, denied],
  ['dispatcher', `select key from erasure_key`, denied],
  ['dispatcher', `select phone_hash from erased_numbers`, denied],
  ['dispatcher', `update calls set name = null, phone = 'erased' where id = 1`, 'allowed'],
  ['dispatcher', `update calls set qualification = null where id = 1`, denied],
  ['ingest', `select phone from calls`, denied],
  ['ingest', `insert into calls (lead_id, phone) values (2, '1')`, denied],
  [
    'dispatcher',
    `update leads set status = 'dispatched', retry_after = now(), retry_count = 1 where id = 1`,
    'allowed',
  ],
  ['dispatcher', `update leads set phone = '1' where id = 1`, denied],
  ['dispatcher', `insert into leads (name, phone, source) values ('C', '1', 'x')`, denied],
  ['dispatcher', `insert into calls (lead_id, phone, attempt) values (2, '1', 1)`, 'allowed'],
  ['dispatcher', `update calls set status = 'failed' where id = 1`, denied],
  ['dispatcher', `select id from call_tracker_outbox`, 'allowed'],
  ['dispatcher', `select published_at from call_tracker_outbox`, 'allowed'],
  ['dispatcher', `select payload from call_tracker_outbox`, denied],
  ['callTracker', `update calls set status = 'failed', failure_reason = 'rejected' where id = 1`, 'allowed'],
  ['callTracker', `update calls set crm_task_id = 'x' where id = 1`, denied],
  ['callTracker', `update calls set phone = '1' where id = 1`, denied],
  ['callTracker', `update leads set status = 'failed' where id = 1`, denied],
  ['callTracker', `update dials set sent_at = now()`, denied],
  ['crmPusher', `update calls set crm_task_id = 'x' where id = 1`, 'allowed'],
  ['crmPusher', `update calls set qualification = '{}' where id = 1`, denied],
  ['crmPusher', `select * from lead_receipts`, denied],
  ['crmPusher', `select product_name, query_message from lead_enquiries`, 'allowed'],
  ['crmPusher', `update lead_enquiries set product_name = 'x'`, denied],
  ['dashboard', `select phone from leads`, 'allowed'],
  ['dashboard', `insert into call_changes (call_id) values (1)`, denied],
  ['dashboard', `insert into dashboard_audit (action, who, reason) values ('a', 'b', 'c')`, 'allowed'],
  ['dashboard', `update leads set status = 'failed' where id = 1`, denied],
  ['dashboard', `update calls set status = 'failed' where id = 1`, denied],
] as [Role, string, string][])('%s: %s is %s', async ([role, statement, expected]) => {
  expect(await attempt(role, statement)).toBe(expected);
});

const illegal = '23514';
test.for([
  ['callTracker', 'calls', 'calling', 'called', 'allowed'],
  ['callTracker', 'calls', 'calling', 'failed', 'allowed'],
  ['callTracker', 'calls', 'failed', 'called', 'allowed'],
  ['callTracker', 'calls', 'called', 'pushed', illegal],
  ['callTracker', 'calls', 'called', 'failed', illegal],
  ['callTracker', 'calls', 'pushed', 'called', illegal],
  ['crmPusher', 'calls', 'called', 'pushed', 'allowed'],
  ['crmPusher', 'calls', 'calling', 'pushed', illegal],
  ['crmPusher', 'calls', 'calling', 'failed', illegal],
  ['dispatcher', 'leads', 'new', 'dispatched', 'allowed'],
  ['dispatcher', 'leads', 'dispatched', 'new', 'allowed'],
  ['dispatcher', 'leads', 'failed', 'new', 'allowed'],
  ['dispatcher', 'leads', 'failed', 'dispatched', 'allowed'],
  ['dispatcher', 'leads', 'new', 'odd', illegal],
] as [Role, string, string, string, string][])(
  '%s takes %s from %s to %s: %s',
  async ([role, table, from, to, expected]) => {
    await db.query(`update ${table} set status = '${from}' where id = 1`);
    expect(await attempt(role, `update ${table} set status = '${to}' where id = 1`)).toBe(expected);
    await db.query(`update calls set status = 'calling' where id = 1`);
    await db.query(`update leads set status = 'new' where id = 1`);
  },
);

describe('an open call needs a lead that may be called now', () => {
  test.for([
    ['new', 'null', 'allowed'],
    ['new', `now() - interval '1 minute'`, 'allowed'],
    ['dispatched', 'null', illegal],
    ['failed', 'null', illegal],
  ])('a lead that is %s, due at %s: %s', async ([status, due, expected]) => {
    await db.query(`update leads set status = '${status}', retry_after = ${due} where id = 2`);
    expect(await attempt('dispatcher', `insert into calls (lead_id, phone, attempt) values (2, '1', 1)`)).toBe(
      expected,
    );
  });

  test('the old program gets an error before it dials a lead that waits', async () => {
    await db.query(`update leads set status = 'new', retry_after = now() + interval '1 day' where id = 2`);
    await expect(db.query(`insert into calls (lead_id, phone) values (2, '1')`)).rejects.toThrow(
      /may not be called before/,
    );
    await db.query(`insert into calls (lead_id, phone, status) values (2, '1', 'failed')`);
  });
});

test('every change of a call is noted, whoever makes it', async () => {
  await db.query(`delete from call_changes`);
  await db.query(`insert into calls (lead_id, phone, status) values (null, '1', 'failed')`);
  const [call] = await db.query<{ id: number }>(`select max(id) as id from calls`);
  await clients.get('callTracker')?.query(`update calls set updated_at = now() where id = ${call?.id}`);
  await db.query(`delete from calls where id = $1`, [call?.id]);
  expect(
    (await db.query<{ call_id: number }>(`select call_id from call_changes order by seq`)).map((row) => row.call_id),
  ).toEqual([call?.id, call?.id, call?.id]);
});

test('a number is found by its last ten digits through an index', async () => {
  await db.query(
    `insert into leads (name, phone, source) select 'x', '90000' || lpad(n::text, 5, '0'), 'x' from generate_series(1, 5000) n`,
  );
  await db.query('analyze leads');
  const plan = await db.query<{ 'QUERY PLAN': string }>(
    `explain select 1 from leads where last_ten(phone) = last_ten('+91 90000 00042')`,
  );
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('leads_last_ten');
});
