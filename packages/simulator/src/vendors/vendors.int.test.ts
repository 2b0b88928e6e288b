import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSimulatorConfig } from '../config.ts';
import { startSimulator, type Simulator } from '../start-simulator.ts';

let folder: string;
let simulator: Simulator;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-vendors-'));
  simulator = await startSimulator(
    readSimulatorConfig({
      LIVEKIT_API_KEY: 'k',
      LIVEKIT_API_SECRET: 's',
      SIP_TRUNK_ID: 'ST',
      PHONE_LOG: join(folder, 'phone.jsonl'),
      CRM_LOG: join(folder, 'crm.jsonl'),
      CRM_API_KEY: 'key',
      VENDOR_KEY: 'seller',
    }),
  );
});
afterEach(async () => {
  await simulator.stop();
  rmSync(folder, { recursive: true, force: true });
});

const control = async (what: string, body: unknown): Promise<Record<string, unknown>> => {
  const response = await fetch(`${simulator.url}/control/vendors/${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
};
const get = (path: string): Promise<Response> => fetch(`${simulator.url}/vendors${path}`);
const json = async (path: string): Promise<unknown> => (await get(path)).json();
const log = (vendor: string): Record<string, unknown>[] =>
  readFileSync(join(folder, `${vendor}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const asha = { id: '2041130077', at: '2026-11-23T11:42:05+05:30', name: 'Asha Verma', phone: '+91-9876543210' };

const indiamart = (from: string, to: string, key = 'seller'): string =>
  `/indiamart/wservce/crm/crmListing/v2/?glusr_crm_key=${key}&start_time=${from}&end_time=${to}`;

test('IndiaMART tells the enquiries of a window in Indian time, both ends in it', async () => {
  await control('faults', { vendor: 'indiamart', faults: { gapMs: 0 } });
  await control('enquiries', { vendor: 'indiamart', enquiries: [asha] });
  expect(await json(indiamart('23-Nov-202611:42:05', '23-Nov-202612:00:00'))).toMatchObject({
    CODE: 200,
    TOTAL_RECORDS: 1,
    RESPONSE: [{ UNIQUE_QUERY_ID: '2041130077', QUERY_TIME: '2026-11-23 11:42:05', SENDER_MOBILE: '+91-9876543210' }],
  });
  expect(await json(indiamart('23-Nov-202611:42:06', '24-Nov-2026'))).toMatchObject({ CODE: 204, RESPONSE: [] });
  expect(await json(indiamart('23-Nov-202611:42:06', '1-12-2026'))).toMatchObject({ CODE: 400 });
  expect(await json(indiamart('23-Nov-2026', '24-Nov-2026', 'wrong'))).toMatchObject({ CODE: 401 });
});

test('IndiaMART refuses more than seven days, and a second request within five minutes', async () => {
  expect(await json(indiamart('10-Nov-202600:00:00', '17-Nov-202600:00:01'))).toMatchObject({ CODE: 400 });
  expect(await json(indiamart('10-Nov-202600:00:00', '17-Nov-202600:00:00'))).toMatchObject({ CODE: 204 });
  expect(await json(indiamart('10-Nov-202600:00:00', '17-Nov-202600:00:00'))).toMatchObject({ CODE: 429 });
  expect(log('indiamart').map(({ event, code }) => ({ event, code }))).toEqual([
    { event: 'asked', code: 400 },
    { event: 'asked', code: 204 },
    { event: 'asked', code: 429 },
  ]);
});

test('TradeIndia tells whole days in pages, until an empty one', async () => {
  const enquiries = ['1', '2', '3'].map((id) => ({ ...asha, id }));
  await control('enquiries', { vendor: 'tradeindia', enquiries });
  const page = (number: number): Promise<unknown> =>
    json(
      `/tradeindia/utils/my_inquiry.html?userid=1&profile_id=2&key=seller&from_date=2026-11-23&to_date=2026-11-23&limit=2&page_no=${number}`,
    );
  expect(await page(1)).toMatchObject([{ rfi_id: '1', generated_date: '2026-11-23' }, { rfi_id: '2' }]);
  expect(await page(2)).toMatchObject([{ rfi_id: '3' }]);
  expect(await page(3)).toEqual([]);
});

test('ExportersIndia tells all since an Indian day', async () => {
  const late = { ...asha, id: '2', at: '2026-11-23T23:30:00+05:30' };
  await control('enquiries', { vendor: 'exportersindia', enquiries: [{ ...asha, at: '2026-11-22T10:00:00Z' }, late] });
  const path = '/exportersindia/api-inquiry-detail.php?k=seller&email=a@example.com&date_from=2026-11-23';
  expect(await json(path)).toMatchObject([{ inq_id: '2', enq_date: '2026-11-23 23:30:00' }]);
});

test('the Graph API tells a lead’s answers to the holder of the Page token', async () => {
  await control('enquiries', { vendor: 'meta', enquiries: [{ ...asha, id: '120210987654321' }] });
  expect(await json('/graph/v26.0/120210987654321?access_token=seller')).toMatchObject({
    id: '120210987654321',
    created_time: '2026-11-23T06:12:05+0000',
    field_data: [{ name: 'full_name', values: ['Asha Verma'] }, { name: 'phone_number' }],
  });
  expect(await json('/graph/v26.0/556677/leads?access_token=seller')).toMatchObject({ data: [{}] });
  const refused = await get('/graph/v26.0/120210987654321?access_token=wrong');
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 190 } }]);
  expect(await json('/graph/v26.0/7?access_token=seller')).toMatchObject({ error: { code: 100 } });
});

test('a fault befalls as many requests as it is told to', async () => {
  const path = '/exportersindia/api-inquiry-detail.php?k=seller&email=a@example.com&date_from=2026-11-23';
  const fault = (faults: object): Promise<unknown> =>
    control('faults', { vendor: 'exportersindia', faults: { requests: 1, ...faults } });
  await control('enquiries', { vendor: 'exportersindia', enquiries: [{ ...asha, id: '12345678901234567' }] });
  await fault({ status: 503, retryAfterSeconds: 7 });
  const down = await get(path);
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '7']);
  await fault({ htmlPage: true });
  const page = await get(path);
  expect([page.status, (await page.text()).slice(0, 6)]).toEqual([200, '<html>']);
  await fault({ wrapped: 'data', junk: 'Notice: x\n', numericIds: true });
  expect(await (await get(path)).text()).toMatch(
    /^Notice: x\n\{"status":"ok","data":\[\{"inq_id":12345678901234567,.*\}$/,
  );
  await fault({ drop: 'before' });
  await expect(get(path)).rejects.toThrow('fetch failed');
  await fault({ drop: 'midway' });
  await expect(get(path).then((response) => response.text())).rejects.toThrow('terminated');
  expect(await json(path)).toMatchObject([{}]);
});

test('a vendor delivers to its listener in its own shape, and keeps what was answered', async () => {
  const received: { request: IncomingMessage; text: string }[] = [];
  const seller = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      received.push({ request, text: Buffer.concat(chunks).toString() });
      response.end('SUCCESS');
    });
  });
  await new Promise<void>((done) => seller.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(seller.address() as AddressInfo).port}/hook`;
  const deliver = async (vendor: string, more: object = {}): Promise<(typeof received)[0]> => {
    await control('listeners', { vendor, url, secret: 'app-secret', ...more });
    const { answers } = await control('enquiries', { vendor, enquiries: [{ ...asha, id: '12345678901234567' }] });
    expect(answers).toEqual([{ id: '12345678901234567', status: 200, body: 'SUCCESS' }]);
    const last = received.at(-1);
    if (last === undefined) throw new Error('nothing came');
    return last;
  };
  expect(JSON.parse((await deliver('indiamart')).text)).toMatchObject({ RESPONSE: { SENDER_NAME: 'Asha Verma' } });
  expect(JSON.parse((await deliver('indiamart', { shape: 'array' })).text)).toMatchObject({ RESPONSE: [{}] });
  expect((await deliver('indiamart', { shape: 'bare', numericIds: true })).text).toContain(
    '"UNIQUE_QUERY_ID":12345678901234567,',
  );
  const justdial = await deliver('justdial');
  expect(justdial.request.method).toBe('GET');
  expect(justdial.request.url).toContain('/hook?leadid=12345678901234567&');
  expect((await deliver('justdial', { shape: 'form' })).text).toContain('name=Asha+Verma');
  const meta = await deliver('meta');
  expect(meta.request.headers['x-hub-signature-256']).toBe(
    `sha256=${createHmac('sha256', 'app-secret').update(meta.text).digest('hex')}`,
  );
  expect(JSON.parse((await deliver('google_ads')).text)).toMatchObject({ google_key: 'app-secret' });
  expect(log('justdial').at(-1)).toMatchObject({ event: 'pushed', status: 200, body: 'SUCCESS' });
  seller.close();
});
