import { testKeys, testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIngestConfig } from '../../services/ingest/src/config.ts';
import { start, type Ingest } from '../../services/ingest/src/start.ts';
import { startStand, type Stand } from '../../services/dashboard/test/start-dashboard.ts';

let stand: Stand;
let ingest: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ingest = await start(readIngestConfig(testSettings('ingest', stand)), {
    postgres: await stand.db.open('ingest'),
    nats: await stand.nats.connect('ingest'),
    log: silentLog,
  });
});
afterAll(async () => {
  await ingest.stop();
  await stand.stop();
});

const deliver = (lead: object): Promise<Response> =>
  fetch(`${ingest.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testKeys.apiKey}` },
    body: JSON.stringify(lead),
  });
/** The cells of a source's row. */
const rowOf = (page: string, source: string): string[] => {
  const row =
    page.split('<tr>').find((one) => new RegExp(`<th scope="row"[^>]*>\\s*${source}\\s*</th>`).test(one)) ?? '';
  return [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell = '']) => cell.replaceAll(/<[^>]*>/g, '').trim());
};

test('a source shows what it delivered: accepted, joined, repeated, rejected', async () => {
  const lead = { name: 'Asha', phone: '9876543210', sourceLeadId: 'W-1' };
  await deliver(lead);
  await deliver(lead);
  await deliver({ ...lead, sourceLeadId: 'W-2', productName: 'Forklift' });
  await deliver({ ...lead, phone: '022-22355342' });
  const page = (await (await stand.as('viewer')).get('/sources')).text;
  const [last, accepted, joined, repeated, rejected] = rowOf(page, 'website');
  expect(last).not.toBe('never');
  expect([accepted, joined, repeated, rejected]).toEqual(['1', '1', '1', '1']);
});

test('an id that came again with another number shows both leads', async () => {
  await deliver({ name: 'Nita', phone: '9876543211', sourceLeadId: 'W-1' });
  const page = (await (await stand.as('viewer')).get('/sources')).text;
  const [, accepted, , , , known] = rowOf(page, 'website');
  expect([accepted, known]).toEqual(['2', '1']);
  expect(page).toMatch(/<code>W-1<\/code>/);
});

test('a vendor that is asked shows when it was last read, and what is wrong', async () => {
  await stand.db.query(
    `with made as (
       insert into source_connections (id, source, token_hash, requests_per_minute, most_body_bytes)
       values (gen_random_uuid(), 'tradeindia', 'a hash', 1200, 262144) returning id)
     insert into source_polls (connection_id, read_to, asked_at, succeeded_at)
     select id, now(), now(), '2026-11-24T19:00:00Z' from made`,
  );
  const state = async (): Promise<string> =>
    rowOf((await (await stand.as('viewer')).get('/sources')).text, 'tradeindia').at(-1) ?? '';
  expect(await state()).toMatch(/^asked\s+last read 25 Nov/);
  await stand.db.query(`update source_polls set failures = 1, last_error = 'TradeIndia answered 403'`);
  expect(await state()).toMatch(/^can not be asked\s+TradeIndia answered 403; last read 25 Nov/);
  await stand.db.query(`update source_polls set succeeded_at = null`);
  expect(await state()).toContain('not read yet');
});

test('a vendor that answers without a word for a day says so, and one whose leads can not be read', async () => {
  const state = async (source: string): Promise<string> =>
    rowOf((await (await stand.as('viewer')).get('/sources')).text, source).at(-1) ?? '';
  await stand.db.query(
    `update source_polls set last_error = null, succeeded_at = now(), blank_since = now() - interval '23 hours'`,
  );
  expect(await state('tradeindia')).toMatch(/^asked\s/);
  await stand.db.query(`update source_polls set blank_since = now() - interval '25 hours'`);
  expect(await state('tradeindia')).toMatch(/^empty answers\s+since .*is the key right/);

  await stand.db.query(
    `with made as (
       insert into source_connections (id, source, token_hash, requests_per_minute, most_body_bytes)
       values (gen_random_uuid(), 'meta', 'another hash', 1200, 262144) returning id)
     insert into awaited_leads (id, connection_id, source, source_lead_id, notification, next_at)
     select gen_random_uuid(), id, 'meta', n::text, '{}', now() + interval '1 day' from made, generate_series(1, 3) n`,
  );
  expect(await state('meta')).toBe('open');
  await stand.db.query(`update awaited_leads set last_error = 'no answer' where source_lead_id <> '3'`);
  expect(await state('meta')).toMatch(/^leads can not be read\s+no answer; 2 asked for again$/);
  await stand.db.query(`update awaited_leads set given_up_at = now() where source_lead_id = '1'`);
  expect(await state('meta')).toContain('1 asked for again, 1 given up: leadline sources replay');
  await stand.db.query(`update awaited_leads set done_at = now(), given_up_at = null`);
  expect(await state('meta')).toBe('open');
});

test('an operator opens a rejected delivery, corrects the number and sends it on; the first receipt stays', async () => {
  await deliver({ name: 'Meera', phone: '1800 123 4567', city: 'Chennai', message: '<script>alert(1)</script>' });
  const operator = await stand.as('operator');
  const [, path = ''] =
    /href="(\/sources\/deliveries\/[0-9a-f-]{36})"/.exec((await operator.get('/sources')).text) ?? [];
  const page = (await operator.get(path)).text;
  expect(page).toContain('service number');
  expect(page).toContain('1800 123 4567');
  expect(page).not.toContain('<script>alert');

  const viewer = await stand.as('viewer');
  expect((await viewer.get(path)).text).not.toContain('1800');
  expect((await viewer.post(`${path}/correct`, { phone: '9876543299', reason: 'x' })).status).toBe(403);

  await operator.get(path);
  expect((await operator.post(`${path}/correct`, { phone: '12345', reason: 'asked' })).location).toBe(path);
  expect((await operator.get(path)).text).toMatch(/class="notice refused"[^>]*>phone: is /);
  await operator.post(`${path}/correct`, { phone: '98765 43299', reason: 'asked by mail' });
  expect((await operator.get(path)).text).toMatch(/class="notice done"[^>]*>It became lead \d+\./);
  expect(await stand.db.query(`select name, phone, city from leads where phone = '+919876543299'`)).toEqual([
    { name: 'Meera', phone: '+919876543299', city: 'Chennai' },
  ]);
  expect((await operator.get(path)).text).toMatch(/<a href="\/leads\/\d+">lead \d+<\/a>/);
  const audited = await stand.db.query(`select who from ingest_audit where action = 'correct_receipt'`);
  expect(audited).toEqual([{ who: 'omkar' }]);
  expect((await operator.get('/audit')).text).toContain('asked by mail');
});

test('a file of leads is looked through, and imported, once', async () => {
  const operator = await stand.as('operator');
  await operator.get('/import');
  const send = async (mode: string): Promise<string> => {
    const file = new File(['Name;Mobile\nRavi;9876500001\nOffice;022-22355342\n'], 'fair.csv', { type: 'text/csv' });
    return (await operator.post('/import', { file, source: 'fair', mode })).text;
  };
  const count = (): Promise<unknown> => stand.db.query(`select count(*)::int as n from leads where source = 'fair'`);
  expect(await send('look')).toMatch(
    /nothing is imported yet[^]*Would be accepted<\/dt>\s*<dd>1<\/dd>[^]*is a landline/,
  );
  expect(await count()).toEqual([{ n: 0 }]);
  expect(await send('import')).toMatch(/is imported[^]*Accepted<\/dt>\s*<dd>1<\/dd>/);
  expect(await send('import')).toMatch(/Here already<\/dt>\s*<dd>1<\/dd>/);
  expect(await count()).toEqual([{ n: 1 }]);
  expect((await operator.get('/audit')).text).toContain('import leads');
  const bad = new File(['name,city\nAsha,Pune'], 'no-phone.csv');
  expect((await operator.post('/import', { file: bad, source: 'fair', mode: 'look' })).text).toContain(
    'no column is named as one that holds phone numbers',
  );
  const odd = new File(
    [Buffer.from('\ufeffPerson\tWA\tDate\tDND\nRavi\t9876500002\t05/11/2026\tyes\n', 'utf16le')],
    'odd.csv',
  );
  const told = { file: odd, source: 'fair', aliases: 'name=Person\r\nphone=WA\r\nenquiredAt=Date' };
  const looked = (await operator.post('/import', { ...told, mode: 'look' })).text;
  expect(looked).toMatch(
    /Would be accepted<\/dt>\s*<dd>1<\/dd>[^]*Not to be called<\/dt>\s*<dd>1<\/dd>[^]*day or the month first/,
  );
  expect(await operator.post('/import', { ...told, mode: 'import' })).toMatchObject({ status: 422 });
  expect((await operator.post('/import', { ...told, dates: 'month-first', mode: 'import' })).text).toMatch(
    /is imported/,
  );
  const viewer = await stand.as('viewer');
  expect((await viewer.get('/import')).text).toContain('Only operators can import files');
});
