import { replay, correctReceipt } from '@leadline/contracts/commands/receipts';
import { addSource } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readIngestConfig } from '../config.ts';
import { start, type Ingest } from '../start.ts';

let db: TestDatabase;
let nats: TestNats;
let ops: Nats;
let ingest: Ingest;
let url: string;

beforeAll(async () => {
  [db, nats] = await Promise.all([testDatabase(), testNats()]);
  ops = await nats.connect('ops');
  ingest = await start(readIngestConfig(testSettings('ingest', { db, nats })), {
    postgres: await db.open('ingest'),
    nats: await nats.connect('ingest'),
    log: silentLog,
  });
  ({ url } = await ask(ops, addSource, { who: 'test', source: 'indiamart' }));
});
afterAll(async () => {
  await ingest.stop();
  await nats.close();
  await db.drop();
});
beforeEach(() => db.query('truncate leads, lead_receipts, ingest_outbox, ingest_audit, lead_enquiries cascade'));

const enquiry = (id: string, mobile: string, more: object = {}) => ({
  UNIQUE_QUERY_ID: id,
  SENDER_NAME: 'Asha Verma',
  SENDER_MOBILE: mobile,
  QUERY_PRODUCT_NAME: 'Mill',
  ...more,
});
const push = async (...enquiries: object[]): Promise<void> => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ RESPONSE: enquiries }) });
  expect(await response.text()).toBe('{"CODE":200,"STATUS":"SUCCESS"}');
};
const replayAll = (apply: boolean, more: object = {}) =>
  ask(ops, replay, { who: 'asha', since: '2026-01-01T00:00:00Z', apply, ...more });
const leads = () => db.query('select * from leads order by id');
const events = () => db.query('select aggregate from ingest_outbox order by 1');
/** As if an older adapter had refused it. */
const refuse = async (id: string): Promise<void> => {
  const [lead] = await db.query<{ lead_id: number }>('select lead_id from lead_receipts where source_lead_id = $1', [
    id,
  ]);
  await db.query(
    `update lead_receipts set verdict = 'rejected', lead_id = null, faults = '[]' where source_lead_id = $1`,
    [id],
  );
  await db.query('delete from leads where id = $1', [lead?.lead_id]);
  await db.query('delete from ingest_outbox where aggregate = $1', [`lead/${lead?.lead_id}`]);
};

test('what was refused and reads as a lead today is told, and becomes one when it is applied, once', async () => {
  await push(enquiry('A', '9876543210'), enquiry('B', '9876543211'), enquiry('C', '022-22355342'));
  await refuse('B');
  expect(await replayAll(false)).toMatchObject({ deliveries: 1, changes: [{ kind: 'new_lead', leadId: null }] });
  expect(await leads()).toHaveLength(1);
  const { changes } = await replayAll(true);
  expect(changes).toMatchObject([{ kind: 'new_lead', leadId: expect.any(Number) }]);
  expect((await leads()).map(({ phone }) => phone)).toEqual(['+919876543210', '+919876543211']);
  expect(await events()).toHaveLength(2);
  // The first receipt stays as it was.
  expect(await db.query(`select verdict from lead_receipts where source_lead_id = 'B' order by received_at`)).toEqual([
    { verdict: 'rejected' },
    { verdict: 'accepted' },
  ]);
  expect(await replayAll(true)).toMatchObject({ changes: [] });
  expect(await leads()).toHaveLength(2);
});

test('a lead is described as it reads today, without another call', async () => {
  await push(enquiry('A', '9876543210', { SENDER_CITY: 'Pune' }));
  await db.query(`update leads set city = null, product_name = 'Other', status = 'dispatched'`);
  expect(await replayAll(false)).toMatchObject({ changes: [{ kind: 'differs', fields: ['productName', 'city'] }] });
  expect(await leads()).toMatchObject([{ city: null, product_name: 'Other' }]);
  await replayAll(true);
  expect(await leads()).toMatchObject([
    { city: 'Pune', product_name: 'Mill', status: 'dispatched', phone: '+919876543210' },
  ]);
  expect(await events()).toHaveLength(1);
  expect(await replayAll(true)).toMatchObject({ changes: [] });
});

test('nobody is called under another number, for what is old, or for what was erased', async () => {
  await push(enquiry('A', '9876543210'));
  await push(enquiry('B', '9876543211'));
  await push(enquiry('C', '9876543212'));
  await db.query(`update leads set phone = '+919000000000' where phone = '+919876543210'`);
  await refuse('B');
  await db.query(`update lead_receipts set received_at = received_at - interval '8 days' where source_lead_id = 'B'`);
  await db.query(`delete from leads where phone = '+919876543212'`);
  expect((await replayAll(true)).changes.map(({ kind }) => kind).toSorted()).toEqual(['late', 'other_number']);
  expect(await leads()).toHaveLength(1);
});

test('it goes through all deliveries page by page, and of one source where that is asked', async () => {
  for (let at = 0; at < 5; at++) await push(enquiry(`P-${at}`, `987654321${at}`));
  const seen: number[] = [];
  let after: unknown = null;
  do {
    const page = await replayAll(false, { limit: 2, after });
    seen.push(page.deliveries);
    after = page.next;
  } while (after !== null);
  expect(seen).toEqual([2, 2, 1]);
  expect(await replayAll(false, { source: 'justdial' })).toMatchObject({ deliveries: 0 });
});

const correct = (receiptId: string, phone: string) =>
  ask(ops, correctReceipt, { who: 'omkar', reason: 'asked by mail', receiptId, phone });
const rejected = async (): Promise<string> => {
  const [found] = await db.query<{ id: string }>(`select id from lead_receipts where verdict = 'rejected'`);
  return found?.id ?? '';
};

test('a refused enquiry goes on with the number that an operator puts in its place, once', async () => {
  await push(enquiry('A', '9876543210'), enquiry('B', '022-22355342', { SENDER_CITY: 'Mumbai' }));
  const id = await rejected();
  const first = await correct(id, '98765 43211');
  expect(first).toEqual({ leadId: expect.any(Number), became: 'lead' });
  expect(await leads()).toMatchObject([
    {},
    { phone: '+919876543211', city: 'Mumbai', source: 'indiamart', status: 'new' },
  ]);
  expect(await correct(id, '98765 43299')).toEqual({ leadId: first.leadId, became: 'known' });
  // The vendor says the same again: it is known.
  await push(enquiry('B', '9876543211'));
  expect(await leads()).toHaveLength(2);
  expect(await db.query(`select verdict, body <> '' as has_body from lead_receipts where id = $1`, [id])).toEqual([
    { verdict: 'rejected', has_body: false },
  ]);
  expect(
    await db.query(`select who, details->>'reason' as reason from ingest_audit where action = 'correct_receipt'`),
  ).toEqual([
    { who: 'omkar', reason: 'asked by mail' },
    { who: 'omkar', reason: 'asked by mail' },
  ]);
  expect((await replayAll(false)).changes).toEqual([]);
});

test('of POST /v1/leads too; a number that is none is refused in words', async () => {
  await fetch(`${ingest.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: 'Bearer test-key-of-website' },
    body: JSON.stringify({ name: 'Asha', phone: '022-22355342', city: 'Pune' }),
  });
  const id = await rejected();
  await expect(correct(id, '12345')).rejects.toThrow(/^phone: is /);
  expect(await correct(id, '9876543210')).toMatchObject({ became: 'lead' });
  expect(await leads()).toMatchObject([{ source: 'website', phone: '+919876543210', city: 'Pune' }]);
  await expect(correct('7bd1a4a4-59c8-4b49-9be1-66f8e3f04c1f', '9876543210')).rejects.toThrow(
    'there is no such delivery',
  );
});
