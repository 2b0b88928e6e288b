import { erase } from '@leadline/contracts/commands/erase';
import { importLeads } from '@leadline/contracts/commands/imports';
import { receipts, replay, correctReceipt } from '@leadline/contracts/commands/receipts';
import { addSource } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

// A known id with another number is another person; the same record with another wish is an enquiry. Two replicas.
let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let replicas: Ingest[];
let make: string;
let indiamart: string;

beforeAll(async () => {
  stand = await startStand();
  ({ db, ops } = stand);
  replicas = [await stand.launch(), await stand.launch()];
  const add = async (source: string): Promise<string> =>
    new URL((await ask(ops, addSource, { who: 'test', source })).url).pathname;
  [make, indiamart] = [await add('make'), await add('indiamart')];
});
afterAll(() => stand.stop());
beforeEach(() => db.query('truncate leads, lead_receipts, ingest_outbox, ingest_audit, lead_enquiries cascade'));

let sent = 0;
const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
  sent++;
  const response = await fetch(`${replicas[sent % 2]?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
};
const record = (id: string, phone: string, more: object = {}) =>
  post(make, { id, name: 'Asha Verma', phone, product: 'Cup machine', message: 'Price?', ...more });
const api = async (id: string, phone: string, more: object = {}, key?: string) => {
  const answer = await post(
    '/v1/leads',
    { name: 'Asha Verma', phone, sourceLeadId: id, ...more },
    { authorization: 'Bearer test-key-of-website', ...(key === undefined ? {} : { 'idempotency-key': key }) },
  );
  return { status: answer.status, id: (JSON.parse(answer.body) as { id?: number }).id };
};
const push = (id: string, phone: string, more: object = {}) =>
  post(indiamart, { RESPONSE: [{ UNIQUE_QUERY_ID: id, SENDER_NAME: 'Asha', SENDER_MOBILE: phone, ...more }] });
const importRows = (rows: string[][], columns = ['Enquiry ID', 'name', 'phone', 'product'], dryRun = false) =>
  ask(ops, importLeads, { source: 'fair', columns, dryRun, rows: rows.map((cells, at) => ({ row: at + 2, cells })) });
const phones = async (): Promise<string[]> =>
  (await db.query<{ phone: string }>('select phone from leads order by id')).map(({ phone }) => phone.slice(-4));
const enquiries = () =>
  db.query<{ product_name: string | null; query_message: string | null }>(
    'select product_name, query_message from lead_enquiries order by added_at',
  );
const readReceipts = () => ask(ops, receipts, {});

test('three people under one id are three leads, each once, and the receipts say whose id it was', async () => {
  for (const phone of ['9820222021', '9820222022', '9820222023', '9820222022', '9820222021', '9820222023'])
    expect((await record('9de22fa', phone)).status).toBe(202);
  expect(await phones()).toEqual(['2021', '2022', '2023']);
  const withId = (await readReceipts()).filter(({ sourceLeadId }) => sourceLeadId !== null);
  expect(withId.map(({ sourceLeadId }) => sourceLeadId)).toEqual(['9de22fa', '9de22fa', '9de22fa']);
  const first = withId.at(-1);
  expect(first).toMatchObject({ sameIdAs: null, otherNumbers: 2 });
  expect(withId.slice(0, 2).map(({ sameIdAs }) => sameIdAs)).toEqual([first?.id, first?.id]);
});

test('the same at one moment over both replicas, every delivery three times', async () => {
  const numbers = Array.from({ length: 30 }, (_, n) => `98203${String(n).padStart(5, '0')}`);
  await Promise.all([numbers, numbers, numbers].flat().map((phone) => record('form-1', phone)));
  expect((await phones()).toSorted()).toEqual(numbers.map((phone) => phone.slice(-4)).toSorted());
});

test('a file and an API whose ids are counted lose nobody either', async () => {
  const pune = [
    ['1', 'Asha', '9821000001', 'Mill'],
    ['2', 'Ravi', '9821000002', 'Mill'],
  ];
  const surat = [
    ['1', 'Nita', '9821000003', 'Mill'],
    ['2', 'Om', '9821000004', 'Mill'],
  ];
  const results = async (rows: string[][], dryRun = false) =>
    (await importRows(rows, undefined, dryRun)).map(({ result }) => result);
  expect(await results(pune)).toEqual(['accepted', 'accepted']);
  expect(await results(surat, true)).toEqual(['accepted', 'accepted']);
  expect(await results(surat)).toEqual(['accepted', 'accepted']);
  expect(await results(surat)).toEqual(['duplicate', 'duplicate']);
  expect(await results(pune)).toEqual(['duplicate', 'duplicate']);

  const [asha, nita] = [await api('1', '9821000011'), await api('1', '9821000012')];
  expect(nita).toEqual({ status: 202, id: expect.any(Number) });
  expect(nita.id).not.toBe(asha.id);
  expect(await api('1', '9821000012')).toEqual(nita);
  expect(await api('1', '9821000011')).toEqual(asha);
  // An Idempotency-Key keeps its meaning: its first answer, and nothing for another body.
  expect(await api('1', '9821000011', {}, 'k1')).toEqual(asha);
  expect((await api('1', '9821000012', {}, 'k1')).status).toBe(422);
  expect(await api('1', '9821000012', {}, 'k2')).toEqual(nita);
  // A count in a file is no id: only the API's is known with another number.
  expect((await readReceipts()).filter(({ sameIdAs }) => sameIdAs !== null)).toHaveLength(1);
});

test('whatever ids, keys and ways they carry: as many numbers, as many leads or refusals that are seen', async () => {
  const way = fc.constantFrom('make', 'indiamart', 'api', 'api with a key', 'file');
  const anyDelivery = fc.record({ way, id: fc.constantFrom('1', '2', 'x'), times: fc.integer({ min: 1, max: 3 }) });
  let base = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyDelivery, { minLength: 2, maxLength: 25 }), async (deliveries) => {
      await db.query('truncate leads, lead_receipts, ingest_outbox, lead_enquiries cascade');
      base += 100;
      const refused = new Set<string>();
      const deliver = async ({ way: over, id }: (typeof deliveries)[number], phone: string): Promise<void> => {
        if (over === 'make') await record(id, phone);
        else if (over === 'indiamart') await push(id, phone);
        else if (over === 'file') await importRows([[id, 'Asha', phone, 'Mill']]);
        else if ((await api(id, phone, {}, over === 'api' ? undefined : id)).status === 422) refused.add(phone);
      };
      const all = deliveries.map((delivery, n) => ({
        delivery,
        phone: `98${String(base * 1_000 + n).padStart(8, '0')}`,
      }));
      await Promise.all(
        all.flatMap(({ delivery, phone }) => Array.from({ length: delivery.times }, () => deliver(delivery, phone))),
      );
      const found = await db.query<{ phone: string }>('select phone from leads');
      const seen = found.map(({ phone }) => phone.slice(-10));
      expect(new Set(seen).size).toBe(seen.length);
      const leftOut = all.filter(({ phone }) => !seen.includes(phone)).map(({ phone }) => phone);
      for (const phone of leftOut) expect(refused).toContain(phone);
    }),
    { numRuns: 12 },
  );
});

test('the same record with another product or message joins; an update of something else is a repeat', async () => {
  const first = await api('r', '9826100011');
  expect(await api('r', '9826100011', { productName: 'Plate machine' })).toEqual(first);
  await record('39580875173', '9826100012');
  const joined = JSON.parse((await record('39580875173', '9826100012', { product: 'Plate machine' })).body) as object;
  expect(joined).toMatchObject({ status: 'accepted', duplicate: true });
  for (const more of [
    { product: 'Plate machine' },
    { city: 'Pune', updated_at: '2026-11-30T10:32:12Z' },
    { product: 'cup  MACHINE' },
    { product: null },
    { message: '' },
  ])
    await record('39580875173', '9826100012', more);
  await record('39580875173', '9826100012', { message: 'now need a plate machine' });
  expect(await phones()).toEqual(['0011', '0012']);
  expect(await enquiries()).toEqual([
    { product_name: 'Plate machine', query_message: null },
    { product_name: 'Plate machine', query_message: 'Price?' },
    { product_name: 'Cup machine', query_message: 'now need a plate machine' },
  ]);
  const told = await db.query(`select id from ingest_outbox where subject = 'lead.enquiry_added'`);
  expect(told).toHaveLength(3);
});

test('where the lead is over, another wish of the same record makes what a new enquiry makes: a lead', async () => {
  const first = await api('over', '9826100021', { productName: 'Cup machine' });
  await db.query(`update leads set status = 'failed' where id = $1`, [first.id]);
  const second = await api('over', '9826100021', { productName: 'Plate machine' });
  expect(second.id).not.toBe(first.id);
  expect(await api('over', '9826100021', { productName: 'Plate machine' })).toEqual(second);
  expect(await api('over', '9826100021', { productName: 'Cup machine' })).toEqual(first);
});

test('an edited file adds nothing for its remarks, and an enquiry for another product of the same id', async () => {
  const columns = ['lead id', 'name', 'phone', 'product', 'remarks'];
  const cells = (product: string, remarks: string) => [['L-1', 'Asha', '9826100031', product, remarks]];
  expect(await importRows(cells('Mill', ''), columns)).toMatchObject([{ result: 'accepted' }]);
  expect(await importRows(cells('Mill', 'called twice'), columns)).toMatchObject([{ result: 'duplicate' }]);
  expect(await importRows(cells('Press', 'called twice'), columns)).toMatchObject([{ result: 'joined' }]);
  expect(await importRows(cells('Press', ''), columns)).toMatchObject([{ result: 'duplicate' }]);
});

test('an old version bound the id, and took the next person for a repeat: a replay makes a lead of her', async () => {
  await record('9de22fa', '9820222021');
  await record('9de22fa', '9820222022');
  // As it was kept before numbers were looked at.
  await db.query(`update lead_receipts set number_hash = null`);
  const [first] = await db.query<{ id: number }>('select id from leads order by id limit 1');
  await db.query(
    `update lead_receipts set source_lead_id = null, id_scope = split_part(id_scope, ' #', 1), same_id_as = null, lead_id = $1
      where same_id_as is not null`,
    [first?.id],
  );
  await db.query('delete from leads where id > $1', [first?.id]);
  const replayAll = (apply: boolean) => ask(ops, replay, { who: 'asha', since: '2026-01-01T00:00:00Z', apply });
  expect((await replayAll(false)).changes).toMatchObject([{ kind: 'new_lead' }]);
  await replayAll(true);
  expect(await phones()).toEqual(['2021', '2022']);
  expect((await replayAll(true)).changes).toEqual([]);
  // Redelivered, both are known.
  await record('9de22fa', '9820222022');
  await record('9de22fa', '9820222021');
  expect(await phones()).toEqual(['2021', '2022']);
});

test('a corrected number goes on as a lead of its own where its id is somebody else’s, once', async () => {
  await record('9de22fa', '9820222021');
  await record('9de22fa', '022-22355342');
  const [refused] = await db.query<{ id: string }>(`select id from lead_receipts where verdict = 'rejected'`);
  const correct = (phone: string) =>
    ask(ops, correctReceipt, { who: 'asha', reason: 'test', receiptId: refused?.id ?? '', phone });
  const corrected = await correct('9820222022');
  expect(corrected.became).toBe('lead');
  expect(await correct('9820222022')).toEqual({ leadId: corrected.leadId, became: 'known' });
  expect(await correct('9820222029')).toEqual({ leadId: corrected.leadId, became: 'known' });
  expect(await phones()).toEqual(['2021', '2022']);
});

test('an id of an erased person is a repeat for that person only', async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const first = await api('shared', '9826100041', { enquiredAt: yesterday });
  const asked = { who: 'asha', reason: 'asked', phone: '9826100041', dryRun: false };
  await ask(ops, erase.ingest, asked);
  expect(await api('shared', '9826100041', { enquiredAt: yesterday })).toEqual(first);
  const other = await api('shared', '9826100042', { enquiredAt: yesterday });
  expect(other.status).toBe(202);
  expect(other.id).not.toBe(first.id);

  // And a person who was erased does not come back under the id of somebody else.
  await api('other', '9826100043');
  expect((await api('other', '9826100041', { enquiredAt: yesterday })).status).toBe(422);
  expect(await phones()).not.toContain('0041');
});
