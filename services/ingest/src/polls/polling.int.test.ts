import { addSource, type SourceConnection } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { Simulator } from '@leadline/simulator/start-simulator';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { endWithUs } from '@leadline/servers/reaper';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { until } from '@leadline/testing/until';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startVendors } from '../../test/start-vendors.ts';

const key = 'glusr-key-of-the-seller';
const secrets: Record<string, string> = {
  indiamart: key,
  tradeindia: `4711:815:${key}`,
  exportersindia: `seller@example.com:${key}`,
};
const phones: Record<string, string> = {
  indiamart: '9876543210',
  tradeindia: '098765 43211',
  exportersindia: '+91-98765-43212',
};
type Child = { output: () => string; kill(): Promise<void> };

let db: TestDatabase;
let nats: TestNats;
let ops: Nats;
let vendors: Simulator;
const children: Child[] = [];

beforeEach(async () => {
  [db, nats, vendors] = await Promise.all([testDatabase(), testNats(), startVendors(key)]);
  ops = await nats.connect('ops');
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await vendors.stop();
  await nats.close();
  await db.drop();
});

/** Ingest as the process that it is. */
function launch(): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: testSettings(
      'ingest',
      { db, nats, simulatorUrl: vendors.url },
      { LOG_LEVEL: 'debug', EXPORTERSINDIA_URL: `${vendors.url}/vendors/exportersindia/` },
    ),
  });
  endWithUs(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const gone = once(child, 'exit');
  const started: Child = {
    output: () => output,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  children.push(started);
  return started;
}

const control = async (what: string, body: unknown): Promise<void> => {
  const response = await fetch(`${vendors.url}/control/vendors/${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
};
const enquire = (vendor: string, enquiries: object[]): Promise<void> => control('enquiries', { vendor, enquiries });
const fault = (vendor: string, faults: object): Promise<void> =>
  control('faults', { vendor, faults: { gapMs: 0, ...faults } });
const add = (source: string): Promise<SourceConnection> =>
  until('ingest answers', () =>
    ask(ops, addSource, { who: 'test', source, secret: secrets[source] }).catch(() => undefined),
  );
const asked = (vendor: string): Record<string, unknown>[] =>
  readFileSync(join(vendors.vendorLogs, `${vendor}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"asked"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

type PollRow = { failures: number; last_error: string | null; read_to: Date; next_at: Date; succeeded: number };
const pollOf = async (id: string): Promise<PollRow | undefined> => {
  const [found] = await db.query<PollRow>(
    `select failures, last_error, read_to, next_at, extract(epoch from succeeded_at)::float8 as succeeded
       from source_polls where connection_id = $1`,
    [id],
  );
  return found;
};
/** Lets a connection be asked now, and waits until it was read. */
const read = async (id: string): Promise<void> => {
  const before = (await pollOf(id))?.succeeded ?? 0;
  await db.query(`update source_polls set next_at = clock_timestamp() where connection_id = $1`, [id]);
  await until('the vendor is read', async () => ((await pollOf(id))?.succeeded ?? 0) > before);
};
const fails = async (id: string): Promise<PollRow> => {
  const before = (await pollOf(id))?.failures ?? 0;
  await db.query(`update source_polls set next_at = clock_timestamp() where connection_id = $1`, [id]);
  return until('it fails', async () => {
    const now = await pollOf(id);
    return (now?.failures ?? 0) > before && now;
  });
};
const leads = (): Promise<{ source: string; phone: string; id: string }[]> =>
  db.query(
    `select l.source, l.phone, r.source_lead_id as id from leads l join lead_receipts r on r.lead_id = l.id
      where r.source_lead_id is not null order by l.id`,
  );
const countReceipts = async (): Promise<number> => {
  const [found] = await db.query<{ n: number }>('select count(*)::int as n from lead_receipts');
  return found?.n ?? -1;
};
const asha = { id: '12345678901234567', name: 'Asha Verma', phone: '+91-9876543210', product: 'Paper cup machine' };

test('each vendor is asked at once, and an enquiry is one lead however often it is told of', async () => {
  launch();
  for (const source of ['indiamart', 'tradeindia', 'exportersindia']) {
    await fault(source, { numericIds: true });
    await enquire(source, [{ ...asha, phone: phones[source] }]);
    const { id } = await add(source);
    await until('it is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
    await read(id);
    await read(id);
  }
  expect((await leads()).map(({ source, id }) => ({ source, id }))).toEqual([
    { source: 'indiamart', id: asha.id },
    { source: 'tradeindia', id: asha.id },
    { source: 'exportersindia', id: asha.id },
  ]);
  // Nor does a repeat leave a receipt each time.
  expect(await countReceipts()).toBe(3);
});

test('what IndiaMART pushed and is asked for meets on its id', async () => {
  launch();
  const { id, url } = await add('indiamart');
  // Asked at once: what is pushed after that was not pulled before.
  await until('it is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
  await fault('indiamart', { numericIds: true });
  await control('listeners', { vendor: 'indiamart', url, numericIds: true });
  await enquire('indiamart', [asha]);
  await read(id);
  await enquire('indiamart', [{ ...asha, id: '2041130077', phone: '9876543211' }]);
  await read(id);
  expect((await leads()).map((lead) => lead.id)).toEqual([asha.id, '2041130077']);
  const [pushed] = await db.query(`select method, body from lead_receipts where source_lead_id = $1`, [asha.id]);
  expect(pushed).toMatchObject({
    method: 'POST',
    body: expect.stringContaining('"UNIQUE_QUERY_ID":12345678901234567'),
  });
});

test('whatever a vendor answers instead of enquiries, nothing is lost, and its key is told to nobody', async () => {
  const ingest = launch();
  for (const vendor of ['indiamart', 'tradeindia', 'exportersindia']) {
    await fault(vendor, { status: 503, retryAfterSeconds: 5_000 });
    await enquire(vendor, [{ ...asha, id: `${vendor}-1`, phone: phones[vendor] }]);
    const { id } = await add(vendor);
    const down = await until('it failed', async () => {
      const now = await pollOf(id);
      return (now?.failures ?? 0) > 0 && now;
    });
    expect(down.last_error).toContain('answered 503');
    expect(down.next_at.getTime()).toBeGreaterThan(Date.now() + 4_900_000);
    const notRead = down.read_to.getTime();
    for (const [faults, said] of [
      [{ htmlPage: true }, 'no JSON'],
      [{ drop: 'before' }, 'no answer'],
      [{ drop: 'midway' }, 'no answer'],
      [{ status: 429 }, 'answered 429'],
    ] as const) {
      await fault(vendor, faults);
      expect((await fails(id)).last_error).toContain(said);
    }
    expect((await pollOf(id))?.read_to.getTime()).toBe(notRead);
    const wrapped = vendor === 'indiamart' ? {} : { wrapped: 'data' };
    await fault(vendor, { ...wrapped, junk: '<br /><b>Notice</b>: x in [y]\n' });
    await read(id);
    expect(await pollOf(id)).toMatchObject({ failures: 0, last_error: null });
  }
  expect((await leads()).map(({ id }) => id)).toEqual(['indiamart-1', 'tradeindia-1', 'exportersindia-1']);
  expect(ingest.output()).toContain('a vendor could not be asked');
  for (const secret of [key, '4711', 'seller@example.com']) expect(ingest.output()).not.toContain(secret);
});

test('a key that the vendor refuses is told, and looked at again later', async () => {
  launch();
  secrets['indiamart'] = 'wrong-key';
  const { id } = await add('indiamart');
  secrets['indiamart'] = key;
  await fault('indiamart', {});
  const refused = await until('it failed', async () => {
    const now = await pollOf(id);
    return (now?.failures ?? 0) > 0 && now;
  });
  expect(refused.last_error).toBe('IndiaMART answered 401: The API key is not valid.');
  expect(refused.next_at.getTime()).toBeGreaterThan(Date.now() + 25 * 60_000);
});

test('after a long absence IndiaMART is asked for slices of seven days, each after its gap', async () => {
  launch();
  await fault('indiamart', {});
  const { id } = await add('indiamart');
  await until('it is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
  const dayMs = 24 * 3_600_000;
  const enquiries = [19, 12, 5, 0.1].map((days, at) => ({
    ...asha,
    id: `old-${at}`,
    phone: `987654320${at}`,
    at: new Date(Date.now() - days * dayMs).toISOString(),
  }));
  await enquire('indiamart', enquiries);
  await db.query(`update source_polls set read_to = clock_timestamp() - interval '20 days'`);
  const before = asked('indiamart').length;
  for (let slice = 1; slice <= 3; slice++) {
    await read(id);
    const { next_at: next } = (await pollOf(id)) ?? { next_at: new Date(0) };
    expect(next.getTime()).toBeGreaterThan(Date.now() + 4.5 * 60_000);
  }
  expect(
    asked('indiamart')
      .slice(before)
      .map(({ code }) => code),
  ).toEqual([200, 200, 200]);
  expect((await leads()).map((lead) => lead.id)).toEqual(['old-0', 'old-1', 'old-2', 'old-3']);
  expect((await pollOf(id))?.read_to.getTime()).toBeGreaterThan(Date.now() - 60_000);
});

test('of two replicas one asks, within the vendor’s limit, and when it is killed the other goes on', async () => {
  const [first, second] = [launch(), launch()];
  const { id } = await add('indiamart');
  await until('it is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
  await enquire('indiamart', [asha]);
  const leaderOf = async (): Promise<number | undefined> => {
    const [found] = await db.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and classid = 6 and granted
          and database = (select oid from pg_database where datname = current_database())`,
    );
    return found?.pid;
  };
  const leader = await leaderOf();
  expect(leader).toBeDefined();
  expect(asked('indiamart').map(({ code }) => code)).toEqual([204]);
  await fault('indiamart', {});
  await first?.kill();
  await read(id);
  await second?.kill();
  launch();
  await read(id);
  expect(asked('indiamart').map(({ code }) => code)).toEqual([204, 200, 200]);
  expect(await leads()).toHaveLength(1);
});

test('killed in the middle of a long answer, it loses nothing and makes nothing twice', async () => {
  const many = 950;
  await enquire(
    'tradeindia',
    Array.from({ length: many }, (_, at) => ({ ...asha, id: `T-${at}`, phone: `98${String(76_000_000 + at)}` })),
  );
  let ingest = launch();
  const { id } = await add('tradeindia');
  const countLeads = async (): Promise<number> => (await leads()).length;
  for (const share of [0.2, 0.6]) {
    await until('some are stored', async () => (await countLeads()) > many * share);
    await ingest.kill();
    expect((await pollOf(id))?.succeeded ?? null).toBeNull();
    ingest = launch();
    await db.query(`update source_polls set next_at = clock_timestamp()`);
  }
  await until('all is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
  const ids = (await leads()).map((lead) => lead.id);
  expect(ids).toHaveLength(many);
  expect(new Set(ids).size).toBe(many);
  const [events] = await db.query<{ n: number }>(`select count(distinct aggregate)::int as n from ingest_outbox`);
  expect(events?.n).toBe(many);
  // Pages of a hundred, until an empty one.
  expect(asked('tradeindia').at(-1)).toMatchObject({ page: 11, rows: 0 });
});

test('what can not be a lead is kept once, and becomes one when the vendor mends it', async () => {
  launch();
  const landline = { ...asha, id: 'EI-1', phone: '022 - 22355342', otherPhone: '' };
  await enquire('exportersindia', [landline]);
  const { id } = await add('exportersindia');
  await until('it is read', async () => ((await pollOf(id))?.succeeded ?? 0) > 0);
  await read(id);
  await read(id);
  expect(await countReceipts()).toBe(1);
  expect(await leads()).toEqual([]);
  await enquire('exportersindia', [{ ...landline, phone: '9876543210' }]);
  await read(id);
  await read(id);
  expect(await leads()).toMatchObject([{ source: 'exportersindia', phone: '+919876543210', id: 'EI-1' }]);
  expect(await countReceipts()).toBe(2);
});
