import { receipts } from '@leadline/contracts/commands/receipts';
import { reconcile } from '@leadline/contracts/commands/reconcile';
import { fromHeaders } from '@leadline/contracts/envelope';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import { ask } from '@leadline/messaging/ask';
import type { TestDatabase } from '@leadline/testing/database';
import type { TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

const key = 'test-key-of-website';
let stand: Stand;
let db: TestDatabase;
let nats: TestNats;
let ingest: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ({ db, nats } = stand);
  ingest = await stand.launch({ API_KEYS: `website:${key},indiamart:another-test-key-1` });
});
afterAll(() => stand.stop());

const post = async (body: unknown, headers: Record<string, string> = {}, path = '/v1/leads') => {
  const response = await fetch(`${ingest.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown> & { id: number },
  };
};
/** A person of their own for each name and id: one buyer's enquiries would join one lead. */
const lead = (more: Record<string, unknown> = {}) => {
  const who = hash('sha256', JSON.stringify([more['name'], more['sourceLeadId']]), 'buffer').readUInt32BE() % 100_000;
  return { name: 'Asha Verma', phone: `90000 ${String(who).padStart(5, '0')}`, ...more };
};
const count = async (table: string, where = 'true', values: unknown[] = []): Promise<number> => {
  const [found] = await db.query<{ n: number }>(`select count(*)::int as n from ${table} where ${where}`, values);
  return found?.n ?? -1;
};

test('a lead is answered when it is stored, with its normalised number and its event', async () => {
  const answer = await post(
    lead({ phone: '90000 00042', productName: 'Paper cup machine', enquiredAt: '2026-11-24T10:30:00+05:30' }),
  );
  expect(answer.status).toBe(202);
  expect(answer.body).toEqual({ id: expect.any(Number), status: 'new' });
  expect(answer.headers.get('location')).toBe(`/v1/leads/${answer.body.id}`);
  const [stored] = await db.query(`select name, phone, source, product_name, status from leads where id = $1`, [
    answer.body.id,
  ]);
  expect(stored).toEqual({
    name: 'Asha Verma',
    phone: '+919000000042',
    source: 'website',
    product_name: 'Paper cup machine',
    status: 'new',
  });
  const published = await until('the event is published', async () => {
    const rows = await db.query(`select payload from ingest_outbox where aggregate = $1 and published_at is not null`, [
      `lead/${answer.body.id}`,
    ]);
    return rows[0];
  });
  expect(published).toEqual({
    payload: { leadId: answer.body.id, source: 'website', enquiredAt: '2026-11-24T05:00:00.000Z' },
  });
});

test('its status can be asked by its source and by nobody else', async () => {
  const { body } = await post(lead());
  const read = (bearer: string) =>
    fetch(`${ingest.url}/v1/leads/${body.id}`, { headers: { authorization: `Bearer ${bearer}` } });
  expect(await (await read(key)).json()).toEqual({ id: body.id, status: 'new' });
  expect((await read('another-test-key-1')).status).toBe(404);
  expect((await read('wrong')).status).toBe(401);
});

test('the same source id twice is one lead and one event, also at the same moment; other words are one enquiry', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => post(lead({ sourceLeadId: 'same-1', message: `try ${n % 2}` }))),
  );
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  expect(answers.every((answer) => answer.status === 202)).toBe(true);
  expect(await count('lead_receipts', `source_lead_id = 'same-1'`)).toBe(2);
  const events = `aggregate = $1 and subject = $2`;
  const about = `lead/${answers[0]?.body.id}`;
  expect(await count('ingest_outbox', events, [about, 'lead.created'])).toBe(1);
  expect(await count('ingest_outbox', events, [about, 'lead.enquiry_added'])).toBe(1);
});

test('the same Idempotency-Key gets the first answer, also at the same moment, and refuses another body', async () => {
  const headers = { 'idempotency-key': 'key-1' };
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(lead({ name: 'Key One' }), headers)));
  expect(new Set(answers.map((answer) => `${answer.status} ${JSON.stringify(answer.body)}`)).size).toBe(1);
  expect(await count('leads', `name = 'Key One'`)).toBe(1);
  const quoted = await post(lead({ name: 'Key One' }), { 'idempotency-key': '"key-1"' });
  expect(quoted.body).toEqual(answers[0]?.body);
  for (const other of [lead({ name: 'Ravi' }), lead({ phone: '1' }), '{']) {
    const refused = await post(other, headers);
    expect(refused.status).toBe(422);
    expect(refused.body['type']).toBe('urn:leadline:problem:idempotency-key-reused');
  }
  expect(await count('leads', `name = 'Ravi'`)).toBe(0);
  expect(await count('lead_receipts', `idempotency_key = 'key-1' and verdict = 'rejected'`)).toBe(3);
});

test('a key that comes with a known source id stands for its lead from then on', async () => {
  const first = await post(lead({ sourceLeadId: 'bound-1' }));
  const headers = { 'idempotency-key': 'key-2' };
  expect((await post(lead({ sourceLeadId: 'bound-1', city: 'Pune' }), headers)).body).toEqual(first.body);
  expect((await post(lead({ sourceLeadId: 'bound-1', city: 'Pune' }), headers)).body).toEqual(first.body);
  expect((await post(lead({ sourceLeadId: 'bound-2' }), headers)).status).toBe(422);
});

test('new keys that come at the same moment with a known source id are bound once each', async () => {
  const first = await post(lead({ sourceLeadId: 'bound-3' }));
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      post(lead({ sourceLeadId: 'bound-3', message: `${n % 2}` }), { 'idempotency-key': `race-${n % 3}` }),
    ),
  );
  for (const answer of answers) {
    if (answer.status === 202) expect(answer.body.id).toBe(first.body.id);
    else expect(answer.body['type']).toBe('urn:leadline:problem:idempotency-key-reused');
  }
  expect(answers.filter((answer) => answer.status === 202).length).toBeGreaterThanOrEqual(30);
  expect(await count('lead_receipts', `idempotency_key like 'race-%' and verdict = 'accepted'`)).toBe(3);
});

test('an Idempotency-Key that is none is told before anything is stored', async () => {
  const answer = await post(lead({ name: 'Badkey' }), { 'idempotency-key': 'a b' });
  expect([answer.status, answer.body['type']]).toEqual([400, 'urn:leadline:problem:invalid-idempotency-key']);
  expect(await count('lead_receipts', `body like '%Badkey%'`)).toBe(0);
});

test('keys and source ids of two sources have nothing to do with each other', async () => {
  const own = await post(lead({ sourceLeadId: 'shared-1' }), { 'idempotency-key': 'shared-1' });
  const others = await post(lead({ sourceLeadId: 'shared-1', phone: '90000 00043' }), {
    'idempotency-key': 'shared-1',
    authorization: 'Bearer another-test-key-1',
  });
  expect(others.status).toBe(202);
  expect(others.body.id).not.toBe(own.body.id);
});

test('a repeat of a lead that was erased makes no new one', async () => {
  const first = await post(lead({ sourceLeadId: 'erased-1' }));
  await db.query('delete from leads where id = $1', [first.body.id]);
  expect((await post(lead({ sourceLeadId: 'erased-1' }))).status).toBe(410);
});

test.for([
  ['a missing name', { phone: '9000000042' }, '/name', 'missing'],
  ['an empty name', lead({ name: '  ' }), '/name', 'empty'],
  ['a landline', lead({ phone: '022-22355342' }), '/phone', 'landline'],
  ['a foreign number', lead({ phone: '+1 415 555 2671' }), '/phone', 'foreign'],
  ['a number as a number', lead({ phone: 9_000_000_042 }), '/phone', 'wrong_type'],
  ['an unknown field', lead({ colour: 'red' }), '/colour', 'unknown_field'],
  ['a time without its offset', lead({ enquiredAt: '2026-11-24T10:30:00' }), '/enquiredAt', 'invalid'],
  ['a NUL', lead({ message: 'a\0b' }), '/message', 'invalid'],
  ['a lone surrogate', lead({ message: 'a\uD800b' }), '/message', 'invalid'],
  ['no object', [1], '', 'wrong_type'],
] as [string, unknown, string, string][])(
  '%s is told with its place, and kept',
  async ([_name, body, pointer, reason]) => {
    const before = await count('lead_receipts', `verdict = 'rejected'`);
    const answer = await post(body);
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body['errors']).toEqual([{ pointer, reason, detail: expect.any(String) }]);
    expect(await count('lead_receipts', `verdict = 'rejected'`)).toBe(before + 1);
  },
);

test('a rejected lead may come again corrected, under the same source id', async () => {
  expect((await post(lead({ sourceLeadId: 'fixed-1', phone: '12' }))).status).toBe(422);
  expect((await post(lead({ sourceLeadId: 'fixed-1' }))).status).toBe(202);
});

test('what is not JSON is told and kept, what is too large is refused', async () => {
  expect((await post('{"name": ')).status).toBe(400);
  expect(await count('lead_receipts', `body = '{"name": '`)).toBe(1);
  expect((await post(lead({ message: 'x'.repeat(300_000) }))).status).toBe(413);
});

test('without a known key nothing is taken', async () => {
  const answer = await post(lead(), { authorization: 'Bearer wrong' });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
});

test('a body in chunks is taken and counted like any other', async () => {
  const chunked = async (message: string) => {
    const text = JSON.stringify(lead({ message }));
    const body = new Blob([text]).stream();
    const headers = { authorization: `Bearer ${key}` };
    return fetch(`${ingest.url}/v1/leads`, { method: 'POST', headers, body, duplex: 'half' });
  };
  expect((await chunked('in chunks')).status).toBe(202);
  expect((await chunked('x'.repeat(300_000))).status).toBe(413);
});

test('other methods and other addresses are told as problems', async () => {
  const put = await fetch(`${ingest.url}/v1/leads`, { method: 'PUT' });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST']);
  const nowhere = await fetch(`${ingest.url}/v1/nowhere`);
  expect([nowhere.status, nowhere.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
});

type BatchAnswer = { accepted: number; rejected: number; results: { row: number; status: number; id?: number }[] };
const postBatch = async (body: unknown, headers: Record<string, string> = {}) =>
  (await post(body, headers, '/v1/leads/batch')).body as unknown as BatchAnswer;

test('in a batch a bad row refuses no good one, whoever finds it bad', async () => {
  await db.query(`alter table leads add constraint poison check (name <> 'Poison')`);
  const poison = new Map([
    [7, { phone: '1' }],
    [400, { message: 'a\0b' }],
    [999, { name: 'Poison' }],
  ]);
  const leads = Array.from({ length: 1_000 }, (_, n) => lead({ sourceLeadId: `batch-${n}`, ...poison.get(n) }));
  const { accepted, rejected, results } = await postBatch({ leads });
  expect([accepted, rejected]).toEqual([997, 3]);
  expect(results.map(({ row }) => row)).toEqual(leads.map((_, n) => n));
  expect(results.flatMap(({ row, status }) => (status === 422 ? [row] : []))).toEqual([...poison.keys()]);
  expect(await count('lead_receipts', `source_lead_id like 'batch-%' and verdict = 'accepted'`)).toBe(997);
  expect(await count('lead_receipts', `faults -> 0 ->> 'reason' = 'not_storable'`)).toBe(1);

  await db.query('alter table leads drop constraint poison');
  const again = await postBatch(
    leads.map((row, n) => (poison.has(n) ? { ...row, name: 'Asha', phone: '90000 00042', message: 'mended' } : row)),
  );
  expect(again.rejected).toBe(0);
  for (const { row, status, id } of results) if (status === 202) expect(again.results[row]?.id).toBe(id);
  expect(await count('lead_receipts', `source_lead_id like 'batch-%' and verdict = 'accepted'`)).toBe(1_000);
});

test('a batch may come again under its key, refused rows mended', async () => {
  const headers = { 'idempotency-key': 'batch-key' };
  const first = await postBatch({ leads: [lead(), lead({ phone: '1' })] }, headers);
  const second = await postBatch({ leads: [lead(), lead({ city: 'Pune' })] }, headers);
  expect(second.results).toEqual([first.results[0], { row: 1, status: 202, id: expect.any(Number) }]);
  const third = await postBatch({ leads: [lead({ city: 'Pune' })] }, headers);
  expect(third.results[0]).toMatchObject({ status: 422, type: 'urn:leadline:problem:idempotency-key-reused' });
});

test.for([
  ['{"leads": 1}', 422, '/leads', 'not_a_batch'],
  ['"leads"', 422, '', 'not_a_batch'],
  [JSON.stringify({ leads: Array.from({ length: 1_001 }, () => lead()) }), 422, '/leads', 'too_many_rows'],
  ['[', 400, '', 'malformed_json'],
] as [string, number, string, string][])(
  'a batch that is none is told: %.20s',
  async ([text, status, pointer, reason]) => {
    const answer = await post(text, {}, '/v1/leads/batch');
    expect(answer.status).toBe(status);
    expect(answer.body['errors']).toEqual([{ pointer, reason, detail: expect.any(String) }]);
  },
);

test('an empty batch is an answer too', async () => {
  expect(await postBatch({ leads: [] })).toEqual({ accepted: 0, rejected: 0, results: [] });
});

test('the event is what its contract says, with an envelope', async () => {
  const { body } = await post(lead({ sourceLeadId: 'event-1' }));
  const [stored] = await db.query<{ id: string; headers: Record<string, string>; payload: unknown; created_at: Date }>(
    `select id, headers, payload, created_at from ingest_outbox where aggregate = $1`,
    [`lead/${body.id}`],
  );
  const payload = leadCreated.schema.parse(stored?.payload);
  expect(payload).toEqual({ leadId: body.id, source: 'website', enquiredAt: expect.any(String) });
  const envelope = fromHeaders((name) => stored?.headers[name]);
  expect(envelope).toMatchObject({
    id: stored?.id,
    type: 'lead.created',
    source: 'ingest',
    subject: `lead/${body.id}`,
  });
  expect(Math.abs(envelope.time.getTime() - Number(stored?.created_at))).toBeLessThan(1_000);
  expect(payload.enquiredAt).toBe(envelope.time.toISOString());
});

test('operators may ask what was delivered; numbers are masked, names and bodies are not told', async () => {
  const { body } = await post(lead({ sourceLeadId: 'asked-1', phone: '90000 01042' }));
  await post(lead({ sourceLeadId: 'asked-2', phone: '022-22355342' }));
  const answer = await ask(await nats.connect('ops'), receipts, { source: 'website', limit: 2 });
  expect(answer).toEqual([
    expect.objectContaining({
      verdict: 'rejected',
      faults: [expect.objectContaining({ reason: 'landline' })],
      lead: null,
    }),
    {
      id: expect.any(String),
      receivedAt: expect.any(String),
      source: 'website',
      sourceLeadId: 'asked-1',
      verdict: 'accepted',
      faults: [],
      lead: { id: body.id, status: 'new', phone: '+91••••••1042' },
      sameIdAs: null,
      otherNumbers: 0,
    },
  ]);
  expect(JSON.stringify(answer)).not.toMatch(/Asha|90000|22355342/);
});

test('health tells what it stands on, metrics count by source', async () => {
  const ready = await fetch(`${ingest.adminUrl}/readyz`);
  expect(await ready.json()).toEqual({
    ready: true,
    service: true,
    database: true,
    streams: true,
    outbox: true,
    nats: true,
  });
  const metrics = await (await fetch(`${ingest.adminUrl}/metrics`)).text();
  expect(metrics).toMatch(/leadline_deliveries_total\{source="website",outcome="accepted",service="ingest"\} \d+/);
  expect(metrics).toMatch(/leadline_deliveries_total\{source="website",outcome="rejected",service="ingest"\} \d+/);
  expect(metrics).toMatch(/leadline_accept_duration_seconds_count\{service="ingest"\} \d+/);
  expect(metrics).toContain('leadline_ready{part="database",service="ingest"} 1');
  expect(metrics).toMatch(/leadline_outbox_oldest_seconds\{service="ingest"\} [\d.]+/);
});

test('the API describes itself in OpenAPI 3.1', async () => {
  const document = (await (await fetch(`${ingest.url}/openapi.json`)).json()) as { openapi: string; paths: object };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual([
    '/v1/leads',
    '/v1/leads/batch',
    '/v1/leads/{id}',
    '/v1/sources/{source}/{token}',
  ]);
});

test('after a restore no lead’s number is given again, and the lost ones are listed', async () => {
  const kept = (await post(lead({ name: 'Kept' }))).body.id;
  const lost = (await post(lead({ name: 'Lost' }))).body.id;
  await until('both are published', async () =>
    (await count('ingest_outbox', 'published_at is null')) === 0 ? true : undefined,
  );
  await db.query(`delete from ingest_outbox where aggregate = any($1)`, [[`lead/${kept}`, `lead/${lost}`]]);
  await db.query(`delete from leads where id = $1`, [lost]);
  await db.query(`select setval('leads_id_seq', $1)`, [kept]);
  // Taken between the restore and the reconciling: it has the lost one's number.
  const reused = (await post(lead({ name: 'Reused' }))).body.id;
  expect(reused).toBe(lost);
  await db.query(`update leads set created_at = clock_timestamp() + interval '1 minute' where id = $1`, [reused]);
  const ops = await nats.connect('ops');
  const reconciled = await ask(ops, reconcile.ingest, { who: 'asha', reason: 'restored last night’s backup' });
  expect(reconciled).toEqual({ events: 2, lostLeads: [lost], lostEnquiries: [] });
  expect((await post(lead({ name: 'After' }))).body.id).toBeGreaterThan(lost + 1);
  await expect(ask(ops, reconcile.ingest, { who: 'asha' } as never)).rejects.toThrow(/reason/);
});

test.for<[string, (deep: string) => string]>([
  ['a text', (deep: string) => `{"name":"A","phone":${deep}}`],
  ['a field that nobody knows', (deep: string) => `{"name":"A","phone":"90000 00042","x":${deep}}`],
  ['the row itself', (deep: string) => deep],
])('what nests too deep is refused alone, and kept as it came: %s', async ([, toRow]) => {
  for (const levels of [101, 3_000, 100_000]) {
    const row = toRow(`${'['.repeat(levels)}1${']'.repeat(levels)}`);
    const single = await post(row);
    expect([single.status, single.body]).toMatchObject([422, { errors: [{ reason: 'too_deep' }] }]);
    const good = lead({ sourceLeadId: `beside-${levels}-${row.length}` });
    const { accepted, rejected, results } = await postBatch(`{"leads":[${JSON.stringify(good)},${row}]}`);
    expect([accepted, rejected]).toEqual([1, 1]);
    expect(results[1]).toMatchObject({ status: 422, errors: [{ reason: 'too_deep' }] });
    expect(await count('lead_receipts', `verdict = 'rejected' and body = $1`, [row])).toBe(2);
  }
});
