import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { rolePasswords } from '@leadline/testing/role-passwords';
import { afterEach, describe, expect, test } from 'vitest';
import { initDatabase } from './init-database.ts';
import { migrations } from './migrations/all.ts';

let db: TestDatabase;
afterEach(() => db.drop());

/** The old program's own statements. */
const oldLeads = `create table leads (
  id serial primary key, name text not null, phone text not null, source text not null, email text, product_name text,
  city text, state text, query_message text, status text not null default 'new', retry_after timestamptz,
  retry_count int not null default 0, created_at timestamptz not null default now(), updated_at timestamptz not null default now())`;
const oldCalls = `create table calls (
  id serial primary key, lead_id int references leads(id) on delete set null, name text, phone text not null, source text,
  qualification jsonb, status text not null default 'calling', failure_reason text, call_room text,
  call_started_at timestamptz not null default now(), call_ended_at timestamptz, duration_seconds int,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now())`;

/** Older forms, each with fewer columns. */
const forms: Record<string, [string, string]> = {
  'the newest form': [oldLeads, oldCalls],
  'without retries': [
    `create table leads (id serial primary key, name text not null, phone text not null, source text not null, status text not null default 'new', created_at timestamptz not null default now())`,
    `create table calls (id serial primary key, lead_id int references leads(id), phone text not null, status text not null default 'calling', created_at timestamptz not null default now())`,
  ],
  'without a call’s times': [
    oldLeads,
    `create table calls (id serial primary key, lead_id int, name text, phone text not null, source text, qualification jsonb, status text not null default 'calling', call_room text)`,
  ],
  'with looser columns': [
    `create table leads (id serial primary key, name varchar(80), phone varchar(40), source varchar(40), status varchar(20), retry_count int, created_at timestamp default now())`,
    `create table calls (id serial primary key, lead_id int, phone varchar(40), status varchar(20), failure_reason varchar(40))`,
  ],
};

const snapshot = async (table: string, columns: string[]) =>
  db.query(`select ${columns.join(', ')} from ${table} order by id`);
const columnsOf = async (table: string): Promise<string[]> =>
  (
    await db.query<{ column_name: string }>(
      `select column_name from information_schema.columns where table_name = $1 and table_schema = 'public' order by ordinal_position`,
      [table],
    )
  ).map((row) => row.column_name);

describe('a database that the old program filled', () => {
  test.for(Object.entries(forms))(
    '%s: every row stays as it is, missing columns are added',
    async ([_form, [leads, calls]]) => {
      db = await testDatabase({ migrated: false });
      await db.query(leads);
      await db.query(calls);
      await db.query(`insert into leads (name, phone, source, status) values
      ('Asha', '9876543210', 'indiamart', 'new'), ('', '022-223344', 'x', 'dispatched'), ('Odd', '98', 'x', 'wontfix')`);
      await db.query(
        `insert into calls (lead_id, phone, status) values (1, '9876543210', 'calling'), (1, '9876543210', 'calling'), (2, '98', 'pushed'), (3, '98', 'mystery')`,
      );
      const before = {
        leads: await snapshot('leads', await columnsOf('leads')),
        calls: await snapshot('calls', await columnsOf('calls')),
      };
      const columns = { leads: await columnsOf('leads'), calls: await columnsOf('calls') };

      const reports = await Promise.all([1, 2, 3, 4].map(() => initDatabase({ url: db.url, rolePasswords })));

      expect(reports.map((report) => report.applied.length).toSorted((a, b) => a - b)).toEqual([
        0,
        0,
        0,
        migrations.length,
      ]);
      expect({ leads: await snapshot('leads', columns.leads), calls: await snapshot('calls', columns.calls) }).toEqual(
        before,
      );
      expect(await columnsOf('leads')).toEqual(
        expect.arrayContaining(['retry_after', 'retry_count', 'failure_reason', 'updated_at']),
      );
      expect(await columnsOf('calls')).toEqual(
        expect.arrayContaining(['call_started_at', 'duration_seconds', 'qualification', 'attempt', 'crm_task_id']),
      );
      const odd = Object.fromEntries(reports[0]?.odd.map(({ what, count }) => [what, count]) ?? []);
      expect(odd).toMatchObject({
        'leads with an unknown status': 1,
        'leads without a name': 1,
        'leads whose number is no Indian mobile': 2,
        'calls with an unknown status': 1,
        'open calls beside another open call of the same lead': 2,
      });
    },
  );

  test('its open calls block no new schema, and only calls after the adoption are one a lead', async () => {
    db = await testDatabase({ migrated: false });
    await db.query(oldLeads);
    await db.query(oldCalls);
    await db.query(`insert into leads (name, phone, source) values ('A', '9876543210', 'x'), ('B', '9876543211', 'x')`);
    await db.query(`insert into calls (lead_id, phone) values (1, '9876543210'), (1, '9876543210')`);
    await initDatabase({ url: db.url });
    await db.query(`insert into calls (lead_id, phone) values (2, '9876543211')`);
    await expect(db.query(`insert into calls (lead_id, phone) values (2, '9876543211')`)).rejects.toThrow(
      /calls_one_open/,
    );
  });

  test('the old program goes on writing beside us: its odd steps are noted, not refused', async () => {
    db = await testDatabase({ migrated: false });
    await db.query(oldLeads);
    await db.query(oldCalls);
    await initDatabase({ url: db.url, rolePasswords });
    await db.query(`insert into leads (name, phone, source) values ('A', '9876543210', 'x')`);
    await db.query(`insert into calls (lead_id, phone) values (1, '9876543210')`);
    await db.query(`update calls set status = 'pushed' where id = 1`);
    await db.query(`update leads set status = 'done' where id = 1`);
    expect(
      await db.query(`select table_name, row_id, from_status, to_status, db_user from odd_steps order by id`),
    ).toEqual([
      { table_name: 'calls', row_id: 1, from_status: 'calling', to_status: 'pushed', db_user: 'postgres' },
      { table_name: 'leads', row_id: 1, from_status: 'new', to_status: 'done', db_user: 'postgres' },
    ]);
    const report = await initDatabase({ url: db.url });
    expect(report.odd.map(({ what }) => what)).toContain(
      'status steps that our rules do not know, made by other programs',
    );
  });
});

test('an empty database gets the two tables exactly as the contract has them', async () => {
  db = await testDatabase({ migrated: false });
  await initDatabase({ url: db.url });
  const described = (table: string) =>
    db.query(
      `select column_name, data_type, is_nullable, column_default from information_schema.columns
        where table_name = $1 and table_schema = 'public' order by ordinal_position`,
      [table],
    );
  const made = { leads: await described('leads'), calls: await described('calls') };
  await db.query(`create schema old`);
  await db.query(`set search_path = old`);
  await db.query(oldLeads);
  await db.query(oldCalls);
  await db.query(`set search_path = public`);
  const wanted = async (table: string) =>
    (
      await db.query<{ column_default: string | null }>(
        `select column_name, data_type, is_nullable, column_default from information_schema.columns
          where table_name = $1 and table_schema = 'old' order by ordinal_position`,
        [table],
      )
    ).map((column) => ({ ...column, column_default: column.column_default?.replace('old.', '') ?? null }));
  const leads = await wanted('leads');
  const calls = await wanted('calls');
  expect(made.leads.slice(0, leads.length)).toEqual(leads);
  expect(made.calls.slice(0, calls.length)).toEqual(calls);
  expect(made.leads.slice(leads.length).map((column) => column['column_name'])).toEqual(['failure_reason']);
  expect(made.calls.slice(calls.length).every((column) => column['is_nullable'] === 'YES')).toBe(true);
});

test('an init that was cut off goes on at the next one', async () => {
  db = await testDatabase({ migrated: false });
  await db.query(oldLeads);
  const cut = initDatabase({ url: db.url, rolePasswords });
  await db.query(`select pg_sleep(0.05)`);
  await db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await cut.catch(() => undefined);
  const report = await initDatabase({ url: db.url, rolePasswords });
  expect(report.roles).toHaveLength(5);
  expect((await initDatabase({ url: db.url, rolePasswords })).applied).toEqual([]);
});
