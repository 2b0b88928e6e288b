import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon, openDeps, startOver } from '../test/open-deps.ts';
import { claimDueLeads } from './claim-due-leads.ts';
import { decideDial, type DialDecision } from './decide-dial.ts';
import type { Deps } from './deps.ts';
import { erasePerson } from './erase-person.ts';
import { addDoNotCall, removeDoNotCall } from './keep-do-not-call.ts';
import { loadDialFacts } from './load-dial-facts.ts';
import { permitDial } from './permit-dial.ts';

// A person's wish outranks everything, whatever became of the call in which it was said.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
const phone = '+919812345678';
const noonIn = noon - Date.now();
const by = { phone, who: 'asha', reason: 'test' };

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  deps = await openDeps({ database, nats }, () => noonIn);
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(() => startOver(database));

async function aLead(number = phone): Promise<number> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ('Asha', $1, 'website', $2) returning id`,
    [number, new Date(Date.now() + noonIn - 60_000)],
  );
  return lead?.id ?? 0;
}

/** A call that began an hour ago and has ended; its agent says more, or has said it, in `facts`. */
async function anEndedCall(facts: { doNotCallAt?: Date; heldAt?: Date } = {}): Promise<number> {
  const startedAt = new Date(Date.now() + noonIn - 3_600_000);
  const [call] = await database.query<{ id: number }>(
    `insert into calls (phone, name, status, failure_reason, attempt, call_room, call_started_at, do_not_call)
     values ($1, 'Asha', 'failed', 'no_answers', 1, 'call-1-' || gen_random_uuid(), $2, $3) returning id`,
    [phone, startedAt, facts.doNotCallAt === undefined ? null : true],
  );
  const id = call?.id ?? 0;
  await database.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
     values ($1, 1, 1, $2, 'test', $3, $3, $3, 'failed')`,
    [id, phone, startedAt],
  );
  await database.query(
    `insert into call_facts (call_id, number_free_at, slot_free_at, do_not_call_at, report_held_at) values ($1, $2, $2, $3, $4)`,
    [id, startedAt, facts.doNotCallAt ?? null, facts.heldAt ?? null],
  );
  return id;
}

async function explain(leadId: number): Promise<DialDecision> {
  const sql = deps.postgres.sql;
  const { now, leads } = await loadDialFacts(sql, { leadIds: [leadId] }, deps.now);
  const [seen] = leads;
  if (seen === undefined) throw new Error('there is no such lead');
  return decideDial(seen.facts, now, deps.policy);
}

const soon = (ms: number): Date => new Date(Date.now() + noonIn + ms);
const refused = { kind: 'refuse', reason: 'do_not_call' };

test('a wish that is heard after an operator took the number off the list counts, however early its call began', async () => {
  const lead = await aLead();
  await addDoNotCall(by, deps);
  await removeDoNotCall(by, deps);
  expect(await explain(lead)).toMatchObject({ kind: 'dial' });
  await anEndedCall({ doNotCallAt: soon(5_000) });
  expect(await explain(lead)).toMatchObject(refused);
});

test('a wish that was heard before an operator took the number off the list is answered for by the operator', async () => {
  const lead = await aLead();
  await anEndedCall({ doNotCallAt: soon(-5_000) });
  expect(await explain(lead)).toMatchObject(refused);
  await removeDoNotCall(by, deps);
  expect(await explain(lead)).toMatchObject({ kind: 'dial' });
});

test('a wish that is heard after its person was erased holds for the number, and for no other', async () => {
  const call = await anEndedCall();
  await erasePerson({ phone, who: 'asha', reason: 'asked', dryRun: false }, deps);
  const lead = await aLead();
  const other = await aLead('+919812345679');
  expect(await explain(lead)).toMatchObject({ kind: 'dial' });
  await database.query(`update calls set do_not_call = true where id = $1`, [call]);
  await database.query(`update call_facts set do_not_call_at = $2 where call_id = $1`, [call, soon(0)]);
  expect(await explain(lead)).toMatchObject(refused);
  expect(await explain(other)).toMatchObject({ kind: 'dial' });
  await removeDoNotCall(by, deps);
  expect(await explain(lead)).toMatchObject({ kind: 'dial' });
});

test('a last report that nobody could hear holds its number, keeps nobody else waiting, and is let go by a person', async () => {
  for (let no = 0; no < 25; no++) await aLead();
  const waiting = await aLead();
  const free = await aLead('+919812345679');
  const call = await anEndedCall({ heldAt: soon(-1_000) });
  expect(await explain(waiting)).toEqual({ kind: 'wait', reason: 'report_unheard', until: null });
  expect((await claimDueLeads(deps, 1))[0]?.leadId).toBe(free);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  expect(await database.query(`select reason from lead_waits where lead_id = $1`, [waiting])).toEqual([
    { reason: 'report_unheard' },
  ]);
  await database.query(`update call_facts set report_held_at = null where call_id = $1`, [call]);
  expect((await claimDueLeads(deps, 1))[0]?.phone).toBe(phone);
});

test('an operator who takes the number off the list lets it be rung although a report was not heard', async () => {
  const lead = await aLead();
  await anEndedCall({ heldAt: soon(-1_000) });
  await removeDoNotCall(by, deps);
  expect(await explain(lead)).toMatchObject({ kind: 'dial' });
});

test('between claim and permit: a report that nobody can hear', async () => {
  await aLead();
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  await anEndedCall({ heldAt: soon(0) });
  expect(await permitDial(claim, deps)).toEqual({ kind: 'refused', reason: 'report_unheard' });
});

// Each claim waits for the one before it: what it asks must not grow with the calls that were ever made.
test('a claim reads by number, and not all the calls that there are', async () => {
  const numbers = 20_000;
  await database.query(
    `with past as (
       insert into calls (phone, name, status, failure_reason, attempt, call_room, call_started_at)
       select '+9197' || lpad(n::text, 8, '0'), 'Asha', 'failed', 'no_answers', 1, 'call-' || n || '-past', $2::timestamptz
         from generate_series(1, $1::int) n returning id, phone, call_started_at),
     dialled as (
       insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
       select id, 1, 1, phone, 'test', call_started_at, call_started_at, call_started_at, 'failed' from past)
     insert into call_facts (call_id, number_free_at, slot_free_at) select id, call_started_at, call_started_at from past`,
    [numbers, new Date(Date.now() + noonIn - 2 * 86_400_000)],
  );
  await database.query(
    `insert into leads (name, phone, source, created_at)
     select 'Asha', '+9197' || lpad(n::text, 8, '0'), 'website', $1 from generate_series(1, 200) n`,
    [new Date(Date.now() + noonIn - 60_000)],
  );
  await database.query(`analyze calls, dials, call_facts, leads, lead_waits`);
  const readRows = async (): Promise<number> => {
    // Whichever session of the pool claimed, it tells what it has read.
    await Promise.all(
      Array.from({ length: 20 }, () => deps.postgres.sql.query(`select pg_stat_force_next_flush(), pg_sleep(0.1)`, [])),
    );
    const [found] = await database.query<{ read: string }>(
      `select sum(seq_tup_read) as read from pg_stat_user_tables where relname in ('calls', 'dials', 'call_facts')`,
    );
    return Number(found?.read);
  };
  const before = await readRows();
  for (let claims = 0; claims < 3; claims++) expect(await claimDueLeads(deps, 1)).toHaveLength(1);
  expect((await readRows()) - before).toBeLessThan(numbers);
});
