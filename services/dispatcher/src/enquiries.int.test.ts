import { openLiveKit } from '@leadline/telephony/livekit';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimDueLead } from './claim-due-leads.ts';
import { readDispatcherConfig } from './config.ts';
import type { Deps } from './deps.ts';
import { createMetrics } from './metrics.ts';
import { toPolicy } from './start.ts';

// Who asked when, and what follows from it: on a real Postgres, by the database's clock moved to an Indian noon.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
let shiftMs = 0;

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const config = readDispatcherConfig({
    ...{ DATABASE_URL: database.roleUrls.dispatcher, NATS_URL: nats.url, LIVEKIT_URL: 'http://127.0.0.1:9' },
    ...{ LIVEKIT_API_KEY: 'none', LIVEKIT_API_SECRET: 'none', SIP_TRUNK_ID: 'ST_test', OPS_KEY: 'a-key-of-16-chars' },
    ...{ CALL_WINDOW: 'mon-sun 09:00-21:00', RETRY_JITTER: '0', MAX_CALL_RETRIES: '1', CALLS_PER_SECOND: '1000' },
  });
  deps = {
    postgres: await database.open('dispatcher', 10),
    nats: await nats.connect('dispatcher'),
    livekit: openLiveKit({ url: 'http://127.0.0.1:9', apiKey: 'none', apiSecret: 'none' }),
    now: (databaseTime) => new Date(databaseTime.getTime() + shiftMs),
    random: () => 0,
    log: silentLog,
    metrics: createMetrics(),
    policy: toPolicy(config),
    database: {
      knowledge: () => Promise.resolve('current'),
      holds: () => Promise.resolve(true),
      compare: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
    },
    owner: 'test',
  };
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(async () => {
  shiftMs = Date.parse('2026-11-24T12:00:00+05:30') - Date.now();
  await database.query(
    `truncate leads, calls, dials, call_facts, lead_waits, do_not_call, dispatcher_audit, dispatcher_outbox, lead_receipts, crm_enquiries cascade`,
  );
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
    `insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at, added_at)
     values ($1, $2, 'justdial', 'Plate machine', $3, $4)`,
    [receipt, leadId, enquiredAt, now()],
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
  const claim = await claimDueLead(deps);
  if (expected === 'rung') expect(claim).toMatchObject({ leadId: id });
  else expect(await lead(id)).toMatchObject({ status: 'failed', failure_reason: expected });
});

test('an arrival of nine days ago is too old, even where the vendor tells a time ahead of it', async () => {
  const id = await addLead('+919812345678', before(9 * 24));
  await addReceipt(id, before(-24), null);
  expect(await claimDueLead(deps)).toBeUndefined();
  expect(await lead(id)).toMatchObject({ failure_reason: 'too_old' });
});

test('a further enquiry counts by its own time: an old one that joins makes no old lead young', async () => {
  const old = await addLead('+919812345678', before(8 * 24));
  await addEnquiry(old, before(9 * 24));
  const young = await addLead('+919812345679', before(8 * 24));
  await addEnquiry(young, before(2));
  expect(await claimDueLead(deps)).toMatchObject({ leadId: young });
  expect(await lead(old)).toMatchObject({ status: 'failed', failure_reason: 'too_old' });
});
