import { findGreedy, noteStatements, type Statements } from '@leadline/testing/generic-plans';
import { fillWithPast } from '@leadline/testing/fill-with-past';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { silentLog } from '@leadline/testing/silent-log';
import type { Database } from '@leadline/database/open-database';
import { hash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLeadStatus } from '../api/read-lead-status.ts';
import type { Delivery } from './delivery.ts';
import { storeDeliveries, type DeliveryOutcome } from './store-deliveries.ts';
import { toLead } from './to-lead.ts';

// Postgres may plan a named statement without its values. What is asked for each group of leads must not read all leads or
// all calls that ever were, whatever the plan.
let database: TestDatabase;
let postgres: Database;
let statements: Statements;

const past = 50_000;
/** Of 8 KB, for a few leads at some 30 each. All leads are some 600 of them, all receipts some 1,500. */
const mostPages = 300;

beforeAll(async () => {
  database = await testDatabase();
  const noted = noteStatements(await database.open('ingest'));
  ({ statements } = noted);
  postgres = noted.database;
  await fillWithPast(database, past);
}, 120_000);
afterAll(() => database.drop());

function delivery(body: Record<string, string>, idempotencyKey: string | null = null): Delivery {
  const text = JSON.stringify({ name: 'Asha Verma', ...body });
  const read = toLead(JSON.parse(text));
  return {
    receiptId: randomUUID(),
    source: 'website',
    idScope: '',
    sourceLeadId: read.ok ? read.lead.sourceLeadId : null,
    idempotencyKey,
    bodyHash: hash('sha256', text),
    body: text,
    read,
  };
}

const store = (deliveries: Delivery[], dedupeDays = 30): Promise<DeliveryOutcome[]> =>
  storeDeliveries(deliveries, { postgres, log: silentLog, patienceMs: 0, dedupeDays });

test('whatever the plan, no statement of intake reads all leads, receipts or calls', { timeout: 120_000 }, async () => {
  await database.query(
    `insert into erased_numbers (phone_hash, erased_at) values (leadline_phone_hash('+919812345678'), clock_timestamp())`,
  );
  const created = await store([
    delivery({ phone: '+919800000001', sourceLeadId: 'NEW-1', enquiredAt: '2026-11-24T11:00:00Z' }, 'key-1'),
    // A buyer whose call is over, and the same body twice.
    delivery({ phone: '+919600000007', sourceLeadId: 'NEW-2' }),
    delivery({ phone: '+919600000008', sourceLeadId: 'PAST-8' }),
    // The id of another buyer.
    delivery({ phone: '+919800000002', sourceLeadId: 'PAST-9' }),
    delivery({ phone: '12' }),
  ]);
  expect(created.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'repeated', 'accepted', 'rejected']);
  const again = await store([
    delivery({ phone: '+919800000001', message: 'Call me', sourceLeadId: 'NEW-3' }),
    delivery({ phone: '+919800000003' }, 'key-1'),
  ]);
  expect(again.map(({ kind }) => kind)).toEqual(['joined', 'rejected']);
  await store([delivery({ phone: '+919800000004', sourceLeadId: 'NEW-4' })], 0);
  await readLeadStatus(postgres, '7', 'website');
  expect(statements.size).toBeGreaterThan(6);
  expect(await findGreedy(database.url, statements, mostPages)).toEqual([]);
});
