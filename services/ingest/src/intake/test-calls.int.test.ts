import { makeTestLead } from '@leadline/contracts/commands/test-call';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let ingest: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ({ db, ops } = stand);
  ingest = await stand.launch();
});
afterAll(() => stand.stop());

const make = async (phone: string, id: string = randomUUID(), more: { mode?: string } = {}): Promise<number> =>
  (await ask(ops, makeTestLead, { id, phone, name: 'Test call', who: 'asha', ...more })).leadId;

async function post(phone: string): Promise<number> {
  const response = await fetch(`${ingest.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: 'Bearer test-key-of-website' },
    body: JSON.stringify({ name: 'Asha Verma', phone }),
  });
  return ((await response.json()) as { id: number }).id;
}

test('a test lead comes in like any other, marked so that an older dispatcher rings it never', async () => {
  const leadId = await make('98765 43210', randomUUID(), { mode: 'openai_realtime' });
  expect(
    await db.query(
      `select l.status, l.source, l.phone, l.name, o.is_test, o.agent_mode,
              (select count(*)::int from lead_receipts r where r.lead_id = l.id and r.verdict = 'accepted') as receipts,
              (select array_agg(subject) from ingest_outbox where aggregate = 'lead/' || l.id) as events,
              (select who from ingest_audit where action = 'test_call') as who
         from leads l join lead_origins o on o.lead_id = l.id where l.id = $1`,
      [leadId],
    ),
  ).toEqual([
    {
      status: 'new',
      source: 'test_call',
      phone: '+919876543210',
      name: 'Test call',
      is_test: true,
      agent_mode: 'openai_realtime',
      receipts: 1,
      events: ['lead.created'],
      who: 'asha',
    },
  ]);
});

test('the same question twice is one lead', async () => {
  const id = randomUUID();
  const first = await make('9876543211', id);
  expect(await make('9876543211', id)).toBe(first);
});

test('it joins no buyer’s open lead, and no enquiry joins it', async () => {
  const phone = '9876543212';
  const buyer = await post(phone);
  const made = await make(phone);
  expect(made).not.toBe(buyer);
  expect(await post(phone)).toBe(buyer);
  const other = await make('9876543213');
  expect(await post('9876543213')).not.toBe(other);
  expect(await db.query(`select 1 from lead_enquiries where lead_id = any($1)`, [[made, other]])).toEqual([]);
});

test('a fault names its field, and nothing is kept', async () => {
  const count = async () => (await db.query(`select count(*)::int as n from lead_receipts`))[0];
  const before = await count();
  await expect(make('022-26543210')).rejects.toThrow('phone: not an Indian mobile number (landline)');
  await expect(make('9876543210', 'no id')).rejects.toThrow('id: ');
  await expect(make('9876543210', randomUUID(), { mode: 'nobodys' })).rejects.toThrow('mode: ');
  expect(await count()).toEqual(before);
});

test('nobody else may call his leads test calls', async () => {
  await expect(stand.launch({ API_KEYS: 'test_call:a-key-of-16-letters' })).rejects.toThrow('API_KEYS');
});
