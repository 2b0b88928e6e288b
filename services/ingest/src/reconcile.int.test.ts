import { reconcile } from '@leadline/contracts/commands/reconcile';
import { ask } from '@leadline/messaging/ask';
import type { TestDatabase } from '@leadline/testing/database';
import type { TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Ingest } from './start.ts';
import { startStand, type Stand } from '../test/start-ingest.ts';

let stand: Stand;
let db: TestDatabase;
let nats: TestNats;
let ingest: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ({ db, nats } = stand);
  ingest = await stand.launch({ API_KEYS: 'website:test-key-of-website,justdial:test-key-of-justdial' });
});
afterAll(() => stand.stop());

async function post(source: string, body: Record<string, unknown>): Promise<number> {
  const response = await fetch(`${ingest.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer test-key-of-${source}` },
    body: JSON.stringify({ name: 'Asha Verma', ...body }),
  });
  return z.object({ id: z.number() }).parse(await response.json()).id;
}
const published = () =>
  until('all is published', async () => {
    const waiting = await db.query(`select from ingest_outbox where published_at is null`);
    return waiting.length === 0;
  });

test('leads and enquiries that came after the backup are listed, each once, and those that are there are not', async () => {
  const phone = '9876510001';
  const lead = await post('website', { phone, productName: 'Paper cup machine' });
  await post('justdial', { phone, productName: 'Dona machine', sourceLeadId: 'kept' });
  await published();
  // The backup is from here.
  const enquiredAt = new Date(Date.now() - 60_000).toISOString();
  const joined = await post('justdial', { phone, productName: 'Forklift', sourceLeadId: 'lost', enquiredAt });
  expect(joined).toBe(lead);
  const lost = await post('website', { phone: '9876510002' });
  await published();
  await db.query(`delete from lead_enquiries where product_name = 'Forklift'`);
  await db.query(`delete from lead_receipts where source_lead_id = 'lost' or lead_id = $1`, [lost]);
  await db.query(`delete from leads where id = $1`, [lost]);
  await db.query(`delete from ingest_outbox where payload->>'leadId' = $1::text or payload->>'enquiredAt' = $2`, [
    String(lost),
    enquiredAt,
  ]);

  const ops = await nats.connect('ops');
  const askReconcile = () =>
    ask(ops, reconcile.ingest, { who: 'asha', reason: 'restored last night’s backup' }, 20_000);
  expect(await askReconcile()).toEqual({
    events: 2,
    lostLeads: [lost],
    lostEnquiries: [{ leadId: lead, source: 'justdial', enquiredAt }],
  });
  expect(await askReconcile()).toEqual({ events: 0, lostLeads: [], lostEnquiries: [] });
  // The vendor's repeat is no repeat any more.
  expect(await post('justdial', { phone, productName: 'Forklift', sourceLeadId: 'lost', enquiredAt })).toBe(lead);
  expect(await db.query(`select from lead_enquiries where product_name = 'Forklift'`)).toHaveLength(1);
});
