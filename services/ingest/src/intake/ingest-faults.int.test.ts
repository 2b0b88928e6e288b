import { addSource } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import { endWithUs } from '@leadline/servers/reaper';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { openLinkTo } from '@leadline/servers/link';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { hash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { openDatabase, type Database } from '@leadline/database/open-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIngestConfig } from '../config.ts';
import { start, type Ingest } from '../start.ts';

const key = testKeys.apiKey;
let db: TestDatabase;
let nats: TestNats;
let link: Awaited<ReturnType<typeof openLinkTo>>;
let linked: Database;
let ingest: Ingest;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  [db, nats] = await Promise.all([testDatabase(), testNats()]);
  link = await openLinkTo(db.roleUrls.ingest);
  linked = await openDatabase({ url: link.url, name: 'test-ingest' });
  ingest = await startHere(linked);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await ingest.stop();
  await linked.close();
  await link.close();
  await nats.close();
  await db.drop();
});

async function startHere(postgres: Database): Promise<Ingest> {
  const config = readIngestConfig(testSettings('ingest', { db, nats }, { DATABASE_URL: postgres.url }));
  return start(config, { postgres, nats: await nats.connect('ingest'), log: silentLog });
}

/** A person of their own for each name and id: one buyer's enquiries would join one lead. */
const lead = (more: Record<string, unknown> = {}) => {
  const who = hash('sha256', JSON.stringify([more['name'], more['sourceLeadId']]), 'buffer').readUInt32BE() % 100_000;
  return { name: 'Asha Verma', phone: `90000 ${String(who).padStart(5, '0')}`, ...more };
};
const post = async (url: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { id: number };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), id: answer.id };
};
const countOf = async (sourceLeadId: string) => {
  const [found] = await db.query<{ leads: number; events: number }>(
    `select count(l.id)::int as leads, count(o.id)::int as events
       from lead_receipts r left join leads l on l.id = r.lead_id left join ingest_outbox o on o.aggregate = 'lead/' || l.id
      where r.source_lead_id = $1`,
    [sourceLeadId],
  );
  return found;
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The service as a process of its own; `said` is what it has logged. */
async function spawnIngest(databaseUrl: string): Promise<{ url: string; child: ChildProcess; said: () => string }> {
  const port = await freePort();
  const settings = { DATABASE_URL: databaseUrl, LOG_LEVEL: 'trace', PORT: String(port) };
  const child = spawn(process.execPath, [new URL('../main.ts', import.meta.url).pathname], {
    env: testSettings('ingest', { db, nats }, settings),
  });
  endWithUs(child);
  children.add(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)));
  await until('ingest runs', () => log.includes('"msg":"started"'));
  return { url: `http://127.0.0.1:${port}`, child, said: () => log };
}

test('a lost answer to the commit is asked for again and adds nothing', async () => {
  const lost = link.loseAnswerTo((request) => /\bcommit\b/i.test(request));
  const answering = post(ingest.url, lead({ sourceLeadId: 'lost-1' }), { 'idempotency-key': 'lost-1' });
  await lost;
  // The last statement travels with the commit, and its answer is the first to be lost: the commit may follow it.
  const stored = async (): Promise<{ lead_id: number } | undefined> =>
    (await db.query<{ lead_id: number }>(`select lead_id from lead_receipts where source_lead_id = 'lost-1'`))[0];
  await until('it is stored', async () => (await stored()) !== undefined);
  link.suffer({ kind: 'refuse' });
  link.heal();
  expect(await answering).toMatchObject({ status: 202, id: (await stored())?.lead_id });
  expect(await countOf('lost-1')).toEqual({ leads: 1, events: 1 });
});

test('while the database is away the answer is 503, and after it everything is there once', async () => {
  link.suffer({ kind: 'refuse' });
  const refused = await post(ingest.url, lead({ sourceLeadId: 'outage-1' }));
  expect(refused).toMatchObject({ status: 503, retryAfter: '5' });
  expect((await fetch(`${ingest.adminUrl}/readyz`)).status).toBe(503);
  expect((await fetch(`${ingest.url}/v1/leads/1`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(503);
  link.heal();
  expect((await post(ingest.url, lead({ sourceLeadId: 'outage-1' }))).status).toBe(202);
  expect(await countOf('outage-1')).toEqual({ leads: 1, events: 1 });
});

test('a vendor hears 503 while the database is away, whether its address is known or not, and success after it', async () => {
  const ops = await nats.connect('ops');
  const { url } = await ask(ops, addSource, { who: 'test', source: 'indiamart' });
  const push = (to: string) =>
    fetch(to, { method: 'POST', body: '{"UNIQUE_QUERY_ID":"away-1","SENDER_MOBILE":"9000077001"}' });
  expect((await push(url)).status).toBe(200);
  link.suffer({ kind: 'refuse' });
  for (const to of [url, `${url}x`]) {
    const refused = await push(to);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  }
  link.heal();
  const taken = await push(url);
  expect([taken.status, await taken.text()]).toEqual([200, '{"CODE":200,"STATUS":"SUCCESS"}']);
  expect((await countOf('away-1'))?.leads).toBe(1);
});

test('a short outage of the database is not noticed by the sender', async () => {
  link.suffer({ kind: 'refuse' });
  const answering = post(ingest.url, lead({ sourceLeadId: 'short-1' }));
  setTimeout(() => link.heal(), 500);
  expect((await answering).status).toBe(202);
  expect(await countOf('short-1')).toEqual({ leads: 1, events: 1 });
});

test('without NATS leads are taken, and published when it is back', async () => {
  await nats.server().stop();
  const { status } = await post(ingest.url, lead({ sourceLeadId: 'no-nats-1' }));
  expect(status).toBe(202);
  const ready = await until('the loss is noticed', async () => {
    const response = await fetch(`${ingest.adminUrl}/readyz`);
    const body = (await response.json()) as { nats: unknown };
    return body.nats === 'disconnected' && response;
  });
  expect(ready.status).toBe(200);
  await nats.restart('stop');
  await until('the event is published', async () => {
    const open = await db.query('select id from ingest_outbox where published_at is null');
    return open.length === 0;
  });
});

test('killed between commit and answer, the repeat gets the answer of the first', async () => {
  const own = await openLinkTo(db.roleUrls.ingest);
  const first = await spawnIngest(own.url);
  const lost = own.loseAnswerTo((request) => /\bcommit\b/i.test(request));
  const body = lead({ sourceLeadId: 'killed-1' });
  const headers = { 'idempotency-key': 'killed-1' };
  const answering = post(first.url, body, headers).catch(() => 'no answer');
  await lost;
  first.child.kill('SIGKILL');
  expect(await answering).toBe('no answer');
  await own.close();
  const [stored] = await db.query<{ lead_id: number }>(
    `select lead_id from lead_receipts where source_lead_id = 'killed-1'`,
  );

  const second = await spawnIngest(db.roleUrls.ingest);
  expect(await post(second.url, body, headers)).toMatchObject({ status: 202, id: stored?.lead_id });
  expect(await countOf('killed-1')).toEqual({ leads: 1, events: 1 });
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
});

test('two replicas with the same deliveries at the same moment make one lead each', async () => {
  const other = await startHere(await db.open('ingest'));
  const ids = Array.from({ length: 60 }, (_, n) => `both-${n}`);
  const answers = await Promise.all(
    [ingest, other].flatMap(({ url }, replica) =>
      (replica === 0 ? ids : ids.toReversed()).map(async (id) => ({
        id,
        answer: await post(url, lead({ sourceLeadId: id }), { 'idempotency-key': id }),
      })),
    ),
  );
  await other.stop();
  const leadIds = Map.groupBy(answers, ({ id }) => id);
  for (const [, sameLead] of leadIds) expect(new Set(sameLead.map(({ answer }) => answer.id)).size).toBe(1);
  expect(answers.every(({ answer }) => answer.status === 202)).toBe(true);
  for (const id of ids) expect(await countOf(id)).toEqual({ leads: 1, events: 1 });
});

test('stopped under load it answers what it took, and logs nothing of it', async () => {
  const { url, child, said } = await spawnIngest(db.roleUrls.ingest);
  const taken = new Map<string, number>();
  let stopped = false;
  const send = async (worker: number): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const id = `stop-${worker}-${n}`;
      const body = lead({
        sourceLeadId: id,
        email: 'asha@example.com',
        message: 'Grinding machine',
        ...(n % 9 === 0 ? { phone: '+1 415 555 2671' } : {}),
      });
      const answer = await post(url, body).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 202) taken.set(id, answer.id);
      else expect(answer.status).toBe(422);
    }
  };
  const sending = Promise.all(Array.from({ length: 20 }, (_, worker) => send(worker)));
  await until('some were taken', () => taken.size > 200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  stopped = true;
  await sending;
  const stored = await db.query<{ source_lead_id: string; lead_id: number }>(
    `select source_lead_id, lead_id from lead_receipts where source_lead_id like 'stop-%' and verdict = 'accepted'`,
  );
  const byId = new Map(stored.map((row) => [row.source_lead_id, row.lead_id]));
  for (const [id, leadId] of taken) expect(byId.get(id)).toBe(leadId);
  expect(said()).toContain('a delivery was refused');
  expect(said()).not.toMatch(/Asha|asha@|90000|9000000042|415 ?555|Grinding|test-key/);
});
