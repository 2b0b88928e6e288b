import { addSource, type SourceConnection } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { oddities } from '@leadline/simulator/odd-answers';
import type { Simulator } from '@leadline/simulator/start-simulator';
import type { TestDatabase } from '@leadline/testing/database';
import { testSettings } from '@leadline/world/test-settings';
import { until } from '@leadline/testing/until';
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, type Stand } from '../../test/start-ingest.ts';
import { startVendors } from '../../test/start-vendors.ts';

// What becomes of each answer that a vendor may give in place of enquiries, on a real database with the stand-ins.
const key = 'key-of-the-seller';
const secrets: Record<string, string> = {
  indiamart: key,
  tradeindia: `4711:815:${key}`,
  exportersindia: `seller@example.com:${key}`,
  meta: 'app-secret',
};
let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let vendors: Simulator;

beforeAll(async () => {
  [stand, vendors] = await Promise.all([startStand(), startVendors(key)]);
  ({ db, ops } = stand);
  const servers = { db, nats: stand.nats, simulatorUrl: vendors.url };
  const settings = testSettings('ingest', servers, { META_PAGE_TOKEN: key });
  // Each question below waits for such a look.
  await stand.launch(settings, 50);
});
afterAll(async () => {
  await stand.stop();
  await vendors.stop();
});

const control = async (what: string, body: unknown): Promise<void> => {
  const response = await fetch(`${vendors.url}/control/vendors/${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
};
const answers = (vendor: string, given: object[]): Promise<void> =>
  control('faults', { vendor, faults: { gapMs: 0, answers: given } });
const connections = new Map<string, SourceConnection>();
async function connectionOf(source: string): Promise<SourceConnection> {
  const known = connections.get(source);
  if (known !== undefined) return known;
  const added = await ask(ops, addSource, { who: 'test', source, secret: secrets[source] });
  connections.set(source, added);
  return added;
}
let people = 0;
async function enquire(vendor: string): Promise<string> {
  const id = `12345678${String(++people).padStart(8, '0')}`;
  const phone = `98250${String(people).padStart(5, '0')}`;
  await control('enquiries', { vendor, enquiries: [{ id, name: 'Asha Verma', phone, product: 'Paper cup machine' }] });
  return id;
}
const receiptsOf = (connectionId: string) =>
  db.query<{ verdict: string; id: string }>(
    `select verdict, source_lead_id as id from lead_receipts where connection_id = $1 order by received_at`,
    [connectionId],
  );
type PollRow = { asks: number; failures: number; last_error: string | null; read_to: Date; blank: boolean };
const pollOf = async (id: string): Promise<PollRow | undefined> =>
  (
    await db.query<PollRow>(
      `select asks, failures, last_error, read_to, blank_since is not null as blank from source_polls where connection_id = $1
          and (succeeded_at > asked_at or failed_at > asked_at)`,
      [id],
    )
  )[0];
/** Asks a vendor once more, and waits for what became of it. */
async function poll(id: string): Promise<PollRow> {
  const before = (await until('the last one is over', () => pollOf(id))).asks;
  await db.query(`update source_polls set next_at = clock_timestamp() where connection_id = $1`, [id]);
  return until('it was asked', async () => {
    const now = await pollOf(id);
    return now !== undefined && now.asks > before && now;
  });
}

const blank = 'read, blank';
const read = 'read';
/** As docs/build/lead-sources.md tells it. */
const listed: Record<(typeof oddities)[number], string> = {
  blank,
  white_space: blank,
  null: blank,
  empty_object: blank,
  empty_list: read,
  error_row: 'answered "Invalid userid / profile_id / key combination"',
  error_text: 'answered "Sorry! Please provide all the required parameters."',
  conflict: 'answered 409, answered "Another request is being served"',
  not_yet: 'answered "Please try again after some time"',
  refused: 'answered "Invalid key"',
};
const silent = 'answered without a word';
const becomes: Record<string, Record<(typeof oddities)[number], string>> = {
  tradeindia: listed,
  exportersindia: listed,
  indiamart: {
    blank: silent,
    white_space: silent,
    null: silent,
    empty_object: silent,
    empty_list: read,
    error_row: 'answered "The key is invalid"',
    error_text: 'answered "Invalid request"',
    conflict: 'answered 409, answered JSON without enquiries or a code',
    not_yet: 'answered 204: Data will be available after 24 hours. Please try again later.',
    refused: 'answered 401: The API key is expired.',
  },
};

test.for(Object.keys(becomes).flatMap((vendor) => oddities.map((says) => [vendor, says] as const)))(
  '%s answers %s at first, and the enquiry later: one lead, no receipt but its own',
  async ([vendor, says]) => {
    const { id } = await connectionOf(vendor);
    await answers(vendor, []);
    await poll(id);
    const before = await receiptsOf(id);
    const readTo = (await pollOf(id))?.read_to.getTime() ?? 0;
    const enquiry = await enquire(vendor);
    await answers(vendor, [{ says, times: 1 }]);
    const odd = await poll(id);
    const expected = becomes[vendor]?.[says] ?? '';
    expect(odd.last_error === null ? (odd.blank ? blank : read) : odd.last_error.replace(/^\w+ /, '')).toBe(expected);
    // The window stays unread, unless the vendor said that nobody had enquired.
    expect(odd.read_to.getTime() > readTo).toBe(expected.startsWith('read'));
    expect(await receiptsOf(id)).toEqual(before);

    const sound = await poll(id);
    expect(sound).toMatchObject({ failures: 0, last_error: null, blank: false });
    const added = (await receiptsOf(id)).slice(before.length);
    expect(added).toEqual([{ verdict: 'accepted', id: enquiry }]);
  },
);

test.for(oddities)('TradeIndia answers %s after a page of enquiries', async (says) => {
  const { id } = await connectionOf('tradeindia');
  const enquiry = await enquire('tradeindia');
  await answers('tradeindia', [{ says, after: 1 }]);
  const odd = await poll(id);
  const isEnd = ['blank', 'white_space', 'null', 'empty_object', 'empty_list'].includes(says);
  expect([odd.last_error === null, odd.blank]).toEqual([isEnd, false]);
  expect((await receiptsOf(id)).at(-1)).toEqual({ verdict: 'accepted', id: enquiry });
  await answers('tradeindia', []);
  expect(await poll(id)).toMatchObject({ last_error: null });
});

test.for(oddities)('the Graph API answers %s at first, and the lead later', async (says) => {
  const { url } = await connectionOf('meta');
  await answers('meta', [{ says, times: 3 }]);
  const enquiry = await enquire('meta');
  const body = JSON.stringify({
    object: 'page',
    entry: [{ id: '1', changes: [{ field: 'leadgen', value: { leadgen_id: enquiry } }] }],
  });
  const signature = `sha256=${createHmac('sha256', 'app-secret').update(body).digest('hex')}`;
  const taken = await fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } });
  expect(taken.status).toBe(200);
  await until('the lead came', async () => {
    await db.query(
      `update awaited_leads set next_at = clock_timestamp() where source_lead_id = $1 and done_at is null and last_error is not null`,
      [enquiry],
    );
    const done = await db.query(`select 1 from awaited_leads where source_lead_id = $1 and done_at is not null`, [
      enquiry,
    ]);
    return done.length > 0;
  });
  expect(await db.query(`select verdict from lead_receipts where source_lead_id = $1`, [enquiry])).toEqual([
    { verdict: 'accepted' },
  ]);
  expect(await db.query(`select attempts from awaited_leads where source_lead_id = $1`, [enquiry])).toEqual([
    { attempts: 4 },
  ]);
});
