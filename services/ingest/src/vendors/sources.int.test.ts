import {
  addSource,
  disableSource,
  listSources,
  rotateSource,
  type SourceConnection,
} from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let ingest: Ingest;
let other: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ({ db, ops } = stand);
  ingest = await stand.launch();
  other = await stand.launch();
});
afterAll(() => stand.stop());

const here = (sourceConnection: SourceConnection) => ({
  ...sourceConnection,
  url: sourceConnection.url.replace(other.url, ingest.url),
});
const add = async (source: string, more: Record<string, unknown> = {}) =>
  here(await ask(ops, addSource, { who: 'test', source, ...more }));
const rotate = async (more: { id: string; keepOldHours?: number }) =>
  here(await ask(ops, rotateSource, { who: 'test', ...more }));

const send = async (url: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
  const sent = typeof body === 'string' ? body : new Blob([new Uint8Array(body)]);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: sent,
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    headers: response.headers,
    body: await response.text(),
  };
};
const indiamart = (id: string, mobile: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    CODE: 200,
    STATUS: 'SUCCESS',
    RESPONSE: { UNIQUE_QUERY_ID: id, SENDER_NAME: 'Asha', SENDER_MOBILE: mobile, ...more },
  });
const success = { status: 200, type: 'application/json', body: '{"CODE":200,"STATUS":"SUCCESS"}' };
const leadsOf = (id: string) =>
  db.query<{ id: number; phone: string; source: string; status: string }>(
    `select l.id, l.phone, l.source, l.status from leads l join lead_receipts r on r.lead_id = l.id where r.source_lead_id = $1`,
    [id],
  );

test('a source is added, its address takes deliveries, and a repeat hears the same', async () => {
  const { url, id, source } = await add('indiamart');
  expect(source).toBe('indiamart');
  expect(new URL(url).pathname).toMatch(/^\/v1\/sources\/indiamart\/[\w-]{43}$/);
  const body = indiamart('IM-1', '+91-9876500001');
  const first = await send(url, body);
  expect(first).toMatchObject(success);
  expect(await send(url, body)).toMatchObject(success);
  expect(await send(url.replace(ingest.url, other.url), body)).toMatchObject(success);
  expect(await leadsOf('IM-1')).toEqual([
    { id: expect.any(Number), phone: '+919876500001', source: 'indiamart', status: 'new' },
  ]);
  const receipts = await db.query(
    `select verdict, body, method, content_type, part from lead_receipts where connection_id = $1`,
    [id],
  );
  expect(receipts).toEqual(
    Array.from({ length: 3 }, () => ({
      verdict: 'accepted',
      body,
      method: 'POST',
      content_type: 'application/json',
      part: 0,
    })),
  );
});

test('the same delivery at the same moment over two replicas is one lead', async () => {
  const { url } = await add('indiamart');
  const body = indiamart('IM-2', '9876500002');
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => send(n % 2 === 0 ? url : url.replace(ingest.url, other.url), body)),
  );
  for (const answer of answers) expect(answer).toMatchObject(success);
  expect(await leadsOf('IM-2')).toHaveLength(1);
});

test('what can be no lead is kept whole and visible, and its sender hears success', async () => {
  const { url, id } = await add('indiamart');
  for (const body of [indiamart('IM-3', '022-22355342'), '{"RESPONSE": ', '', '[]', 'CODE=200']) {
    expect(await send(url, body)).toMatchObject(success);
  }
  const kept = await db.query(
    `select body, faults->0->>'reason' as reason, source_lead_id from lead_receipts
      where connection_id = $1 and verdict = 'rejected' order by received_at`,
    [id],
  );
  expect(kept).toEqual([
    { body: indiamart('IM-3', '022-22355342'), reason: 'landline', source_lead_id: 'IM-3' },
    { body: '{"RESPONSE": ', reason: 'unreadable', source_lead_id: null },
    { body: '', reason: 'unreadable', source_lead_id: null },
    { body: '[]', reason: 'unreadable', source_lead_id: null },
    { body: 'CODE=200', reason: 'unreadable', source_lead_id: null },
  ]);
  const [listed] = await ask(ops, listSources, {}).then((all) => all.filter((source) => source.id === id));
  expect(listed).toMatchObject({
    id,
    lastDeliveryAt: expect.any(String),
    lastDay: { accepted: 0, repeated: 0, rejected: 5, otherNumbers: 0 },
  });
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0xff, 0x00, 0x7d]);
  expect(await send(url, bytes)).toMatchObject(success);
  const [exact] = await db.query<{ raw: Buffer }>(
    `select raw from lead_receipts where connection_id = $1 and raw is not null`,
    [id],
  );
  expect([...(exact?.raw ?? [])]).toEqual([...bytes]);
});

test('several enquiries of one delivery are each kept, the body once', async () => {
  const { url, id } = await add('indiamart');
  expect(
    await send(
      url,
      `{"RESPONSE":[{"UNIQUE_QUERY_ID":90071992547409931,"SENDER_MOBILE":9876500041},{"UNIQUE_QUERY_ID":"IM-42","SENDER_MOBILE":"1"}]}`,
    ),
  ).toMatchObject(success);
  const kept = await db.query(
    `select part, source_lead_id, verdict, body <> '' as has_body, count(*) over (partition by delivery_id)::int as parts
       from lead_receipts where connection_id = $1 order by part`,
    [id],
  );
  expect(kept).toEqual([
    { part: 0, source_lead_id: '90071992547409931', verdict: 'accepted', has_body: true, parts: 2 },
    { part: 1, source_lead_id: 'IM-42', verdict: 'rejected', has_body: false, parts: 2 },
  ]);
});

test('an unknown, foreign, disabled or replaced address is nothing', async () => {
  const { url, id } = await add('indiamart');
  const body = indiamart('IM-5', '9876500005');
  expect((await send(`${url}x`, body)).status).toBe(404);
  expect((await send(url.replace('indiamart', 'nobody'), body)).status).toBe(404);
  expect((await send(url.replace('/indiamart/', '/%00/'), body)).status).toBe(404);
  const rotated = await rotate({ id });
  expect((await send(rotated.url, body)).status).toBe(200);
  const leftOver = async (address: string): Promise<boolean> => (await send(address, body)).status === 404;
  await expect.poll(() => leftOver(url), { timeout: 60_000 }).toBe(true);
  await ask(ops, disableSource, { who: 'test', id });
  await expect.poll(() => leftOver(rotated.url), { timeout: 60_000 }).toBe(true);
  expect(await leadsOf('IM-5')).toHaveLength(1);
  const [{ n } = { n: 0 }] = await db.query<{ n: number }>(
    `select count(*)::int as n from ingest_audit where connection_id = $1`,
    [id],
  );
  expect(n).toBe(3);
});

test('an address that was replaced may still be used for as long as was asked', async () => {
  const { url, id } = await add('indiamart');
  const rotated = await rotate({ id, keepOldHours: 1 });
  expect((await send(url, indiamart('IM-61', '9876500061'))).status).toBe(200);
  expect((await send(rotated.url, indiamart('IM-62', '9876500062'))).status).toBe(200);
  await db.query(`update source_connections set old_token_until = now() where id = $1`, [id]);
  await expect
    .poll(async () => (await send(url, indiamart('IM-61', '9876500061'))).status, { timeout: 60_000 })
    .toBe(404);
});

test('neither a token nor a secret stands in the database’s readable part or in an answer but the first', async () => {
  const { url } = await add('indiamart', { secret: 'a-secret-nobody-may-see' });
  const token = url.split('/').at(-1) ?? '';
  const listed = JSON.stringify(await ask(ops, listSources, {}));
  expect(listed).not.toMatch(/a-secret-nobody|hash/);
  expect(listed).not.toContain(token);
  const stored = await db.query<{ text: string }>(`select s::text as text from source_connections s`);
  expect(stored.map(({ text }) => text).join()).not.toContain(token);
});

test('a method that a source does not use, and a body beyond the limit of its connection, are told', async () => {
  const { url } = await add('indiamart', { mostBodyBytes: 2_048 });
  const got = await fetch(url);
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await send(url, 'x'.repeat(2_049))).status).toBe(413);
  const chunked = await fetch(url, { method: 'POST', body: new Blob(['x'.repeat(2_049)]).stream(), duplex: 'half' });
  expect(chunked.status).toBe(413);
});

test('a sender that would not come again is taken beyond its quota, and counted', async () => {
  const { url } = await add('indiamart', { requestsPerMinute: 2 });
  for (let n = 0; n < 4; n++) expect(await send(url, indiamart(`IM-7${n}`, `987650007${n}`))).toMatchObject(success);
  const metrics = await (await fetch(`${ingest.adminUrl}/metrics`)).text();
  expect(metrics).toMatch(/leadline_over_quota_total\{source="indiamart"[^}]*\} 2/);
});

test.for([
  [{ source: 'nobody' }, /^source: must be one of .*indiamart/],
  [{ source: 'indiamart', requestsPerMinute: 0 }, /^requestsPerMinute:/],
  [{ source: 'indiamart', aliases: { colour: ['x'] } }, /^aliases\.colour|^aliases:/],
  [{ source: 'indiamart', agentMode: 'nobody' }, /^agentMode:/],
] as [Record<string, unknown>, RegExp][])('%j is told to be wrong', async ([asked, said]) => {
  await expect(ask(ops, addSource, { who: 'test', ...asked } as never)).rejects.toThrow(said);
});

test('a connection’s own names for fields are looked at first', async () => {
  const { url } = await add('indiamart', { aliases: { phone: ['WhatsApp No.'] } });
  await send(url, indiamart('IM-8', '9876500080', { 'whatsapp no': '98765 00081' }));
  expect(await leadsOf('IM-8')).toMatchObject([{ phone: '+919876500081' }]);
});
