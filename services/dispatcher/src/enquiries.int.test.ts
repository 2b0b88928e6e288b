import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon, openDeps, startOver } from '../test/open-deps.ts';
import { callAgain } from './call-again.ts';
import { claimDueLeads, type Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { permitDial } from './permit-dial.ts';
import { settleCall } from './settle-lead.ts';

// Who asked when, and what follows from it: on a real Postgres, by the database's clock moved to an Indian noon.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
let shiftMs = 0;

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  deps = await openDeps({ database, nats }, () => shiftMs, { MAX_CALL_RETRIES: '1', CONTACT_PAUSE_HOURS: '24' });
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(async () => {
  shiftMs = noon - Date.now();
  await startOver(database);
});

const now = (): Date => new Date(Date.now() + shiftMs);
const before = (hours: number): Date => new Date(now().getTime() - hours * 3_600_000);

async function addLead(phone = '+919812345678', createdAt = before(0.01)): Promise<number> {
  const [added] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ('Asha', $1, 'website', $2) returning id`,
    [phone, createdAt],
  );
  return added?.id ?? 0;
}

/** As ingest keeps it. */
async function addReceipt(leadId: number, enquiredAt: Date | null, countsFromArrival: true | null): Promise<string> {
  const id = randomUUID();
  await database.query(
    `insert into lead_receipts (id, source, body_hash, body, verdict, lead_id, received_at, enquired_at, counts_from_arrival)
     values ($1, 'website', '', '', 'accepted', $2, $3, $4, $5)`,
    [id, leadId, now(), enquiredAt, countsFromArrival],
  );
  return id;
}

async function addEnquiry(leadId: number, enquiredAt: Date = now()): Promise<void> {
  const receipt = await addReceipt(leadId, enquiredAt, null);
  await database.query(
    `insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at)
     values ($1, $2, 'justdial', 'Plate machine', $3)`,
    [receipt, leadId, enquiredAt],
  );
}

type Lead = { status: string; retry_count: number; retry_after: Date | null; failure_reason: string | null };
const lead = async (id: number): Promise<Lead | undefined> =>
  (await database.query<Lead>(`select * from leads where id = $1`, [id]))[0];

test.for([
  ['an enquiry of three weeks ago', 21 * 24, null, 'too_old'],
  ['an enquiry of yesterday', 24, null, 'rung'],
  ['an enquiry whose time is not told', undefined, null, 'rung'],
  ['a time ahead, for which the arrival counts', -500, null, 'rung'],
  ['an old one that a person wants rung all the same', 21 * 24, true, 'rung'],
] as [string, number | undefined, true | null, string][])('%s', async ([_what, hours, countsFromArrival, expected]) => {
  const id = await addLead();
  const enquiredAt = hours === undefined ? null : before(hours);
  await addReceipt(id, enquiredAt, countsFromArrival);
  const [claim] = await claimDueLeads(deps, 1);
  if (expected === 'rung') expect(claim).toMatchObject({ leadId: id });
  else expect(await lead(id)).toMatchObject({ status: 'failed', failure_reason: expected });
});

test('an arrival of nine days ago is too old, even where the vendor tells a time ahead of it', async () => {
  const id = await addLead('+919812345678', before(9 * 24));
  await addReceipt(id, before(-24), null);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  expect(await lead(id)).toMatchObject({ failure_reason: 'too_old' });
});

test('a further enquiry counts by its own time: an old one that joins makes no old lead young', async () => {
  const old = await addLead('+919812345678', before(8 * 24));
  await addEnquiry(old, before(9 * 24));
  const young = await addLead('+919812345679', before(8 * 24));
  await addEnquiry(young, before(2));
  expect(await claimDueLeads(deps, 1)).toMatchObject([{ leadId: young }]);
  expect(await lead(old)).toMatchObject({ status: 'failed', failure_reason: 'too_old' });
});

async function claimed(): Promise<Claim> {
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}

/** The call ends as the tracker would write it, its phone free again, and is decided. */
async function end(callId: number, status: 'failed' | 'called', endedAt = now()): Promise<void> {
  await database.query(
    `update calls set status = $2, failure_reason = case when $2 = 'failed' then 'unanswered' end, updated_at = $3, call_ended_at = $3,
            qualification = case when $2 = 'called' then '{"location": "Pune"}'::jsonb end where id = $1`,
    [callId, status, endedAt],
  );
  await database.query(`insert into call_facts (call_id, number_free_at, slot_free_at) values ($1, $2, $2)`, [
    callId,
    before(1),
  ]);
  await settleCall(callId, deps);
}

const waitsFor = async (id: number): Promise<string | undefined> =>
  (await database.query<{ reason: string }>(`select reason from lead_waits where lead_id = $1`, [id]))[0]?.reason;
const events = async (subject: string): Promise<Record<string, unknown>[]> =>
  (
    await database.query<{ payload: Record<string, unknown> }>(
      `select payload from dispatcher_outbox where subject = $1 order by seq`,
      [subject],
    )
  ).map(({ payload }) => payload);

async function talk(phone?: string): Promise<number> {
  const id = await addLead(phone);
  await end((await claimed()).callId, 'called');
  return id;
}

test('a number that has just talked is not rung for another lead: it waits, told once, and is due when the pause is over', async () => {
  await talk();
  const second = await addLead();
  const [other] = [await addLead('+919812345679')];
  expect((await claimed()).leadId).toBe(other);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  await pauseAfterTalks(deps);
  const waits = await lead(second);
  expect(waits?.status).toBe('new');
  expect((waits?.retry_after?.getTime() ?? 0) - now().getTime()).toBeGreaterThan(23.9 * 3_600_000);
  expect(await waitsFor(second)).toBe('talked_recently');
  expect(await events('lead.postponed')).toMatchObject([{ leadId: second, reason: 'talked_recently' }]);
  shiftMs += 25 * 3_600_000;
  expect((await claimed()).leadId).toBe(second);
});

test('it is put off although dialling is stopped and others wait before it', async () => {
  await talk();
  for (let n = 0; n < 25; n++) await addLead(`+9198200000${String(n).padStart(2, '0')}`, before(2));
  const second = await addLead();
  await database.query('update dial_control set stopped_at = now()');
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  await pauseAfterTalks(deps);
  expect(await waitsFor(second)).toBe('talked_recently');
  await database.query('update dial_control set stopped_at = null');
});

test('what the CRM was told of needs no dial: the lead is settled, and an operator may still have it rung', async () => {
  const first = await talk();
  const second = await addLead();
  await pauseAfterTalks(deps);
  await database.query(
    `insert into crm_enquiries (enquiry_id, lead_id, told_at) values (gen_random_uuid(), $1, now())`,
    [second],
  );
  await pauseAfterTalks(deps);
  expect(await lead(second)).toMatchObject({ status: 'dispatched', retry_after: null, failure_reason: null });
  expect(await waitsFor(second)).toBeUndefined();
  expect((await events('lead.dispatched')).at(-1)).toMatchObject({ leadId: second, because: 'told_to_crm' });
  const by = { who: 'asha', reason: 'test' };
  await expect(callAgain({ leadId: first, ...by }, deps)).rejects.toThrow('is dispatched, not failed');
  shiftMs += 60_000;
  await callAgain({ leadId: second, ...by }, deps);
  // The audit's time is the database's own: as the operator's after the talk.
  await database.query(`update dispatcher_audit set at = $1`, [now()]);
  expect((await claimed()).leadId).toBe(second);
});

test('an operator’s call breaks the pause of a lead that waits, and the permit asks for the pause too', async () => {
  await talk();
  const second = await addLead();
  await pauseAfterTalks(deps);
  shiftMs += 60_000;
  await callAgain({ leadId: second, who: 'asha', reason: 'test' }, deps);
  await database.query(`update dispatcher_audit set at = $1`, [now()]);
  const claim = await claimed();
  expect(claim.leadId).toBe(second);
  await database.query(`delete from dispatcher_audit`);
  expect(await permitDial(claim, deps)).toEqual({ kind: 'refused', reason: 'talked_recently' });
});

test('after a call that nobody took the usual retries hold', async () => {
  const id = await addLead();
  await end((await claimed()).callId, 'failed');
  expect(await lead(id)).toMatchObject({ status: 'new', retry_count: 1 });
  await pauseAfterTalks(deps);
  expect(await waitsFor(id)).toBeUndefined();
});

test('an enquiry that joins while the last attempt rings is followed by another attempt, of a new round', async () => {
  const id = await addLead();
  await end((await claimed()).callId, 'failed');
  shiftMs += 3 * 3_600_000;
  const last = await claimed();
  await addEnquiry(id);
  await end(last.callId, 'failed');
  expect(await lead(id)).toMatchObject({ status: 'new', retry_count: 0, failure_reason: null });
  // Its retry is not brought forward: the phone has just rung.
  await heedEnquiries(deps);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  shiftMs += 3_600_000;
  expect((await claimed()).leadId).toBe(id);
});

test('one that joins while a retry waits brings it forward, once', async () => {
  const id = await addLead();
  await end((await claimed()).callId, 'failed');
  await heedEnquiries(deps);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  await addEnquiry(id);
  await Promise.all([heedEnquiries(deps), heedEnquiries(deps)]);
  expect((await events('lead.retry_scheduled')).map(({ reason }) => reason)).toEqual(['unanswered', 'asked_again']);
  const claim = await claimed();
  expect(claim).toMatchObject({ leadId: id, products: ['Plate machine'] });
  await database.query(`update dials set put_back_reason = 'window_shut', revoked_at = now() where call_id = $1`, [
    claim.callId,
  ]);
  const opens = new Date(now().getTime() + 3_600_000);
  await database.query(`update calls set status = 'failed', failure_reason = 'dispatch_failed' where id = $1`, [
    claim.callId,
  ]);
  await settleCall(claim.callId, deps);
  await database.query(`update leads set retry_after = $2 where id = $1`, [id, opens]);
  await heedEnquiries(deps);
  expect((await lead(id))?.retry_after).toEqual(opens);
});

test('one that joins in the moment in which its lead is given up opens it again, once', async () => {
  const id = await addLead();
  await database.query(
    `update leads set status = 'failed', failure_reason = 'retries_used_up', retry_count = 4 where id = $1`,
    [id],
  );
  await addEnquiry(id);
  await heedEnquiries(deps);
  expect(await lead(id)).toMatchObject({ status: 'new', retry_count: 0 });
  await database.query(`update leads set status = 'failed', failure_reason = 'too_old' where id = $1`, [id]);
  await heedEnquiries(deps);
  expect(await lead(id)).toMatchObject({ status: 'failed' });
  // A refusal that people see stays one.
  await addEnquiry(id);
  await database.query(`update leads set failure_reason = 'do_not_call' where id = $1`, [id]);
  await heedEnquiries(deps);
  expect(await lead(id)).toMatchObject({ status: 'failed', failure_reason: 'do_not_call' });
});

test('what an older version’s attempts heard of brings nothing forward', async () => {
  const id = await addLead();
  await addEnquiry(id);
  await database.query(`update lead_enquiries set added_at = $1`, [before(1)]);
  await end((await claimed()).callId, 'failed');
  await database.query('delete from enquiries_heeded');
  await database.query(`update lead_enquiries set added_at = now()`);
  await database.query(`update dials set claimed_at = now() + interval '1 minute'`);
  const due = (await lead(id))?.retry_after;
  await heedEnquiries(deps);
  expect((await lead(id))?.retry_after).toEqual(due);
});
