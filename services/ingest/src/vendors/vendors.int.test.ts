import { replay } from '@leadline/contracts/commands/receipts';
import { addSource, listSources } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import { until } from '@leadline/testing/until';
import { Hono } from 'hono';
import { serve } from '@hono/node-server';
import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startStand, type Stand } from '../../test/start-ingest.ts';

/** The Graph API as far as ingest asks it: what it answers is put in by each test. */
type GraphAnswer = { status: number; body: unknown; headers?: Record<string, string> };
const graph = {
  answers: new Map<string, GraphAnswer[]>(),
  asked: [] as { id: string; token: string | undefined; proof: string | undefined }[],
};

let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let graphServer: ReturnType<typeof serve>;

beforeAll(async () => {
  const app = new Hono();
  app.get('/v26.0/:id', (c) => {
    const id = c.req.param('id');
    graph.asked.push({ id, token: c.req.query('access_token'), proof: c.req.query('appsecret_proof') });
    const waiting = graph.answers.get(id) ?? [];
    const { status, body, headers } = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? { status: 404, body: {} };
    return c.body(typeof body === 'string' ? body : JSON.stringify(body), status as 200, {
      'content-type': 'application/json',
      ...headers,
    });
  });
  graphServer = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => graphServer.once('listening', resolve));
  stand = await startStand();
  ({ db, ops } = stand);
  await stand.launch({
    META_GRAPH_URL: `http://127.0.0.1:${(graphServer.address() as AddressInfo).port}/v26.0`,
    META_PAGE_TOKEN: 'token-of-the-page',
  });
});
afterAll(async () => {
  await stand.stop();
  graphServer.close();
});
beforeEach(() => {
  graph.answers.clear();
  graph.asked.length = 0;
});

const add = (source: string, more: Record<string, unknown> = {}) =>
  ask(ops, addSource, { who: 'test', source, ...more });
const send = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: await response.text(),
    headers: response.headers,
  };
};
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  send(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const leadOf = async (id: string) => {
  const [found] = await db.query<{
    id: number;
    phone: string;
    source: string;
    status: string;
    failure_reason: string | null;
    is_test: boolean | null;
    dnd_flag: boolean | null;
  }>(
    `select l.id, l.phone, l.source, l.status, l.failure_reason, o.is_test, o.dnd_flag
       from lead_receipts r join leads l on l.id = r.lead_id left join lead_origins o on o.lead_id = l.id
      where r.source_lead_id = $1`,
    [id],
  );
  return found;
};

test('JustDial hears SUCCESS for a query, a form and JSON, a repeat and what is no lead', async () => {
  const { url, source } = await add('justdial');
  expect(source).toBe('justdial');
  const success = { status: 200, type: 'text/plain', body: 'SUCCESS' };
  const fields = (id: string, mobile: string) =>
    new URLSearchParams({ leadid: id, name: 'Imran', mobile, dncmobile: '0' });
  expect(await send(`${url}?${fields('JD-1', '9876540001').toString()}`)).toMatchObject(success);
  expect(await send(`${url}?${fields('JD-1', '9876540001').toString()}`)).toMatchObject(success);
  expect(await send(url, { method: 'POST', body: fields('JD-2', '9876540002') })).toMatchObject(success);
  expect(await post(url, JSON.stringify({ leadid: 'JD-3', mobile: 9_876_540_003, dncmobile: '1' }))).toMatchObject(
    success,
  );
  expect(await send(`${url}?${fields('JD-4', '022 - 22355342').toString()}`)).toMatchObject(success);
  expect(await send(url)).toMatchObject(success);
  expect(await leadOf('JD-1')).toMatchObject({ phone: '+919876540001', source: 'justdial', dnd_flag: false });
  expect(await leadOf('JD-2')).toMatchObject({ phone: '+919876540002' });
  expect(await leadOf('JD-3')).toMatchObject({ phone: '+919876540003', dnd_flag: true, status: 'new' });
  const [kept] = await db.query(
    `select method, query, body, faults->0->>'reason' as reason from lead_receipts where source_lead_id = 'JD-4'`,
  );
  expect(kept).toEqual({
    method: 'GET',
    query: fields('JD-4', '022 - 22355342').toString(),
    body: '',
    reason: 'landline',
  });
});

test('Google’s key is looked at before anything else, and a test lead is kept and never dialled', async () => {
  const { url, secret, source } = await add('google');
  expect(source).toBe('google_ads');
  const body = (id: unknown, more: Record<string, unknown> = {}) =>
    JSON.stringify({
      lead_id: id,
      google_key: secret,
      is_test: false,
      user_column_data: [
        { column_id: 'FULL_NAME', string_value: 'Asha' },
        { column_id: 'PHONE_NUMBER', string_value: '+91 98765 40011' },
      ],
      ...more,
    });
  const done = { status: 200, type: 'application/json', body: '{}' };
  for (const wrong of [body('G-0', { google_key: 'wrong' }), body('G-0', { google_key: undefined }), '{', '']) {
    expect((await post(url, wrong)).status).toBe(401);
  }
  expect(await db.query(`select id from lead_receipts where source_lead_id = 'G-0'`)).toEqual([]);
  const trial = body('G-T', { is_test: true });
  expect(await post(url, trial)).toMatchObject(done);
  expect(await post(url, trial)).toMatchObject(done);
  expect(await leadOf('G-T')).toMatchObject({ status: 'failed', failure_reason: 'test_lead', is_test: true });
  expect(await post(url, body('G-1'))).toMatchObject(done);
  expect(await post(url, body('G-1'))).toMatchObject(done);
  expect(await leadOf('G-1')).toMatchObject({ status: 'new', is_test: false });
  expect(await post(url, body(0).replace('"lead_id":0', '"lead_id":12345678901234567'))).toMatchObject(done);
  expect(await leadOf('12345678901234567')).toMatchObject({ id: (await leadOf('G-1'))?.id });
  const events = await db.query(`select id from ingest_outbox where aggregate = $1`, [
    `lead/${(await leadOf('G-T'))?.id}`,
  ]);
  expect(events).toEqual([]);
});

test('a form’s sender hears what was understood, and the same lead again', async () => {
  const { url } = await add('form');
  const form = new URLSearchParams({ full_name: 'Asha', Mobile: '098765 40021', interest: 'Paper plate' });
  const first = await send(url, { method: 'POST', body: form });
  const lead = z.object({ id: z.number() }).parse(JSON.parse(first.body));
  expect(first).toMatchObject({ status: 202, type: 'application/json' });
  expect(first.body).toBe(`{"id":${lead.id},"status":"accepted","duplicate":false,"phone":"+919876540021"}`);
  const again = await send(url, { method: 'POST', body: form });
  expect([again.status, again.body]).toEqual([202, first.body.replace('false', 'true')]);
  const refused = await post(url, '{"name":"Ravi","phone":"022-22355342"}');
  expect(refused.status).toBe(202);
  expect(JSON.parse(refused.body)).toEqual({
    id: null,
    status: 'rejected',
    receipt: expect.any(String),
    errors: [{ pointer: '/phone', reason: 'landline', detail: expect.any(String) }],
  });
  const preflight = await send(url, { method: 'OPTIONS' });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
});

test('ids of two forms have nothing to do with each other, and a key names what has no id', async () => {
  const [first, second] = [await add('form'), await add('form')];
  await post(first.url, '{"lead_id":"7","name":"A","phone":"9876540031"}');
  await post(second.url, '{"lead_id":"7","name":"B","phone":"9876540032"}');
  const phones = await db.query(`select phone from leads where phone in ('+919876540031', '+919876540032')`);
  expect(phones).toHaveLength(2);
  const key = { 'idempotency-key': 'sent-1' };
  await post(first.url, '{"name":"C","phone":"9876540033"}', key);
  expect((await post(first.url, '{"name":"C","phone":"9876540033","notes":"x"}', key)).body).toContain(
    '"duplicate":true',
  );
  expect(await db.query(`select receipt_id from lead_enquiries where query_message = 'x'`)).toEqual([]);
});

test('several records of one delivery are told one by one', async () => {
  const { url } = await add('zapier');
  const { body } = await post(url, '[{"id":"1","phone":"9876540041"},{"id":"2","phone":"1"}]');
  expect(JSON.parse(body)).toEqual({
    results: [expect.objectContaining({ status: 'accepted' }), expect.objectContaining({ status: 'rejected' })],
  });
});

test('who sends more than the quota is told when to come again, where it comes again', async () => {
  const { url } = await add('make', { requestsPerMinute: 1 });
  expect((await post(url, '{"phone":"9876540051"}')).status).toBe(202);
  const refused = await post(url, '{"phone":"9876540052"}');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
});

const notification = (...ids: unknown[]) =>
  JSON.stringify({
    object: 'page',
    entry: [{ id: '1', changes: ids.map((id) => ({ field: 'leadgen', value: { leadgen_id: id } })) }],
  });
const signed = (url: string, body: string, secret = 'app-secret') =>
  post(url, body, { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` });
const answerOf = (id: string, phone: string): GraphAnswer => ({
  status: 200,
  body: {
    id,
    created_time: '2026-11-23T06:13:11+0000',
    field_data: [
      { name: 'full_name', values: ['Asha'] },
      { name: 'phone_number', values: [phone] },
    ],
  },
});

test('Meta’s handshake is answered with its challenge to who knows the token only', async () => {
  const { url } = await add('meta', { secret: 'app-secret' });
  const token = url.split('/').at(-1) ?? '';
  const greet = (verify: string, mode = 'subscribe') =>
    send(
      `${url}?${new URLSearchParams({ 'hub.mode': mode, 'hub.challenge': '1158201444', 'hub.verify_token': verify }).toString()}`,
    );
  expect(await greet(token)).toMatchObject({ status: 200, type: 'text/plain', body: '1158201444' });
  expect((await greet('wrong')).status).toBe(403);
  expect((await greet(token, 'unsubscribe')).status).toBe(403);
  expect((await send(url)).status).toBe(403);
  await expect(add('meta')).rejects.toThrow(/secret/);
});

test('a notification is taken by its signature, and its leads are asked for until they are there', async () => {
  const { url } = await add('meta', { secret: 'app-secret' });
  const ids = ['98765432109876543', '120210987654321'];
  const body = notification(...ids).replace('"98765432109876543"', '98765432109876543');
  graph.answers.set('98765432109876543', [
    { status: 500, body: '<html>' },
    { status: 400, body: { error: { code: 190 } } },
    { status: 200, body: { id: '98765432109876543' } },
    { status: 200, body: { id: '98765432109876543', field_data: [] } },
    { status: 200, body: '' },
    { status: 200, body: ' \n' },
    { status: 200, body: [] },
    { status: 200, body: 'null' },
    { status: 200, body: [{ error: { code: 190 } }] },
    { status: 409, body: { error: { code: 2 } } },
    answerOf('98765432109876543', '+919876540061'),
  ]);
  graph.answers.set('120210987654321', [answerOf('120210987654321', '+919876540062')]);
  const taken = { status: 200, type: 'text/plain', body: 'EVENT_RECEIVED' };
  expect((await signed(url, body, 'wrong')).status).toBe(401);
  expect((await post(url, body)).status).toBe(401);
  expect(await signed(url, body)).toMatchObject(taken);
  expect(await signed(url, body)).toMatchObject(taken);
  await until('the answers came', async () => {
    // What is a minute in production is nothing here.
    await db.query(
      `update awaited_leads set next_at = clock_timestamp() where attempts > 0 and done_at is null and last_error is not null`,
    );
    return (await leadOf('98765432109876543')) !== undefined && (await leadOf('120210987654321')) !== undefined;
  });
  expect(await leadOf('98765432109876543')).toMatchObject({ phone: '+919876540061', source: 'meta' });
  expect(graph.asked.filter(({ id }) => id === '120210987654321')).toHaveLength(1);
  expect(graph.asked[0]).toMatchObject({
    token: 'token-of-the-page',
    proof: createHmac('sha256', 'app-secret').update('token-of-the-page').digest('hex'),
  });
  expect(await signed(url, body)).toMatchObject(taken);
  const [{ n } = { n: 0 }] = await db.query<{ n: number }>(
    `select count(*)::int as n from lead_receipts where source = 'meta' and verdict = 'accepted'`,
  );
  expect(n).toBe(2);
});

test('a lead that Meta does not tell is asked for again and again, seen meanwhile, and by a replay once more after the end', async () => {
  const { url, id } = await add('meta', { secret: 'app-secret', accessToken: 'own-token' });
  const notYet = { status: 400, body: { error: { code: 100, error_subcode: 33 } } };
  graph.answers.set('777', [notYet]);
  await signed(url, notification('777'));
  const state = async () => {
    const listed = await ask(ops, listSources, {});
    return listed.find((row) => row.id === id)?.['awaited'];
  };
  for (let asks = 1; asks <= 4; asks++) {
    await until('it was asked for', () =>
      Promise.resolve(graph.asked.filter((question) => question.id === '777').length >= asks),
    );
    await db.query(
      `update awaited_leads set next_at = clock_timestamp() where source_lead_id = '777' and last_error is not null`,
    );
  }
  expect(graph.asked.at(-1)).toMatchObject({ token: 'own-token' });
  await until('it is seen', async () => ((await state()) as { waiting: number } | undefined)?.waiting === 1);
  expect(await state()).toMatchObject({ waiting: 1, givenUp: 0, error: expect.stringContaining('(100)') });
  expect(await db.query(`select 1 from lead_receipts where connection_id = $1`, [id])).toEqual([]);

  // A week later, and the same answer.
  await db.query(
    `update awaited_leads set received_at = now() - interval '8 days', next_at = clock_timestamp() where source_lead_id = '777'`,
  );
  await until('it is given up', async () => ((await state()) as { givenUp: number }).givenUp === 1);
  expect(
    await db.query(`select verdict, faults->0->>'reason' as reason from lead_receipts where connection_id = $1`, [id]),
  ).toEqual([{ verdict: 'rejected', reason: 'not_readable' }]);
  graph.answers.set('777', [answerOf('777', '+919876540071')]);
  const replayAll = (more: object) =>
    ask(ops, replay, {
      who: 'test',
      since: new Date(Date.now() - 30 * 86_400_000).toISOString(),
      apply: false,
      ...more,
    });
  expect((await replayAll({})).askedAgain).toBe(1);
  expect((await replayAll({ apply: true, source: 'form' })).askedAgain).toBe(0);
  expect((await replayAll({ apply: true, source: 'meta' })).askedAgain).toBe(1);
  await until('it came after all', async () => (await leadOf('777')) !== undefined);
  expect(await leadOf('777')).toMatchObject({ phone: '+919876540071' });
  expect((await replayAll({ apply: true })).askedAgain).toBe(0);
});

test('a lead that was given up is asked for again when Meta names it again', async () => {
  const { url } = await add('meta', { secret: 'app-secret' });
  graph.answers.set('778', [{ status: 400, body: { error: { code: 100 } } }]);
  await signed(url, notification('778'));
  await db.query(`update awaited_leads set received_at = now() - interval '8 days' where source_lead_id = '778'`);
  await until('it is given up', async () => {
    await db.query(
      `update awaited_leads set next_at = clock_timestamp() where source_lead_id = '778' and last_error is not null`,
    );
    return (
      (await db.query(`select 1 from awaited_leads where source_lead_id = '778' and given_up_at is not null`)).length >
      0
    );
  });
  graph.answers.set('778', [answerOf('778', '+919876540078')]);
  await signed(url, notification('778'));
  const lead = await until('it came after all', () => leadOf('778'));
  expect(lead.phone).toBe('+919876540078');
});

test('what no reader can go through is kept as rejected, and its sender hears what it always hears', async () => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}"9876540091"${'}'.repeat(levels)}`;
  for (const source of ['indiamart', 'form', 'zapier', 'justdial']) {
    const { url, id } = await add(source);
    for (const levels of [101, 1_500, 2_500, 30_000]) {
      const answer = await post(url, deep(levels));
      expect([source, levels, answer.status < 300]).toEqual([source, levels, true]);
    }
    const kept = await db.query(
      `select verdict, faults->0->>'reason' as reason from lead_receipts where connection_id = $1`,
      [id],
    );
    expect(kept).toEqual(Array.from({ length: 4 }, () => ({ verdict: 'rejected', reason: 'too_deep' })));
  }
});
