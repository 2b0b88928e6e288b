import { leadCreated } from '@leadline/contracts/events/lead-created';
import type { Database } from '@leadline/database/open-database';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import { findForeignMessages, findUnknownEvents, type PassedOver } from '../outbox/find-unknown-events.ts';
import { enqueueMany } from '../outbox/outbox.ts';
import { keepSaid, moveSequence, readSaidSince } from './reconcile.ts';
import { startRelay, type Relay } from '../outbox/relay.ts';
import { storeMessage } from '../streams/stored-message.ts';

let server: TestNats;
let database: TestDatabase;
let ingest: Database;
let nats: Nats;
let relay: Relay | undefined;
beforeEach(async () => {
  [server, database] = await Promise.all([testNats(), testDatabase()]);
  [ingest, nats] = await Promise.all([database.open('ingest'), server.connect('ingest')]);
});
afterEach(async () => {
  await relay?.stop();
  await Promise.all([server.close(), database.drop()]);
});

async function say(...ids: number[]): Promise<void> {
  await ingest.transaction((sql) =>
    enqueueMany(
      sql,
      'ingest',
      leadCreated,
      ids.map((leadId) => ({
        subject: `lead/${leadId}`,
        data: { leadId, source: 'test', enquiredAt: new Date().toISOString() },
      })),
    ),
  );
}

function relayOn(): Relay {
  relay = startRelay({ databaseUrl: database.roleUrls.ingest, nats, service: 'ingest', log: silentLog });
  return relay;
}

async function published(): Promise<void> {
  await until('all is published', async () => {
    const [left] = await database.query<{ n: number }>(
      `select count(*)::int as n from ingest_outbox where published_at is null`,
    );
    return left?.n === 0;
  });
}

async function storedIds(): Promise<string[]> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  const { state } = await manager.streams.info('LEADS');
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++)
    ids.push((await manager.streams.getMessage('LEADS', { seq })).header.get('Nats-Msg-Id'));
  return ids;
}

async function reconcile() {
  const said = await readSaidSince(nats, ingest.sql, 'ingest');
  await ingest.transaction((sql) => keepSaid(sql, 'ingest', said));
  return said;
}

test('what was said since the backup is taken in, and then the relay goes on and repeats nothing', async () => {
  await relayOn().stop();
  await say(1, 2);
  relayOn();
  await published();
  await relay?.stop();
  // The backup is from here: two more are said, of which it knows one as not said yet.
  const [restored] = await database.query<{ id: string }>(
    `select id from ingest_outbox where payload->>'leadId' = '2'`,
  );
  await say(3, 4);
  relayOn();
  await published();
  await relay?.stop();
  const before = await storedIds();
  await database.query(`delete from ingest_outbox where payload->>'leadId' in ('3', '4')`);
  await database.query(`update ingest_outbox set published_at = null, attempts = 0 where id = $1`, [restored?.id]);
  // Meanwhile the restored database goes on.
  await say(5);
  const waiting = relayOn();
  await until('the relay finds out', () => waiting.state() === 'older_database');

  const answers = await reconcile();
  expect(new Set(answers.events.map(({ about }) => about.leadId))).toEqual(new Set([3, 4]));
  expect(answers.unmarked.map(({ id }) => id)).toEqual([restored?.id]);
  await until('the fifth is published', async () => (await storedIds()).length === 5);
  await published();
  expect((await storedIds()).slice(0, 4)).toEqual(before);
  const rows = await database.query<{ id: string; late: boolean }>(
    `select id, published_at > created_at + interval '30 seconds' as late from ingest_outbox order by created_at`,
  );
  expect(rows.map(({ id }) => id).toSorted()).toEqual((await storedIds()).toSorted());
  // As published when they were: rows of now would be published once more, and after an hour stored twice.
  expect(rows.filter(({ late }) => late)).toEqual([]);
  expect((await reconcile()).events).toEqual([]);
});

test('an operator’s repeat is nobody’s own saying, and hides none that came before it', async () => {
  await relayOn().stop();
  await say(1);
  relayOn();
  await published();
  await relay?.stop();
  await database.query(`delete from ingest_outbox`);
  const ops = await server.connect('ops');
  for (let n = 0; n < 130; n++)
    await storeMessage(ops, {
      subject: 'lead.created',
      stream: 'LEADS',
      messageId: `redrive:${n}`,
      payload: '{}',
      headers: { 'ce-id': `${n}`, 'leadline-redriven-by': 'asha' },
    });
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual(['lead.created']);
  expect((await reconcile()).events).toHaveLength(1);
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual([]);
});

const outbox = {
  query: async (text: string, values: unknown[]) => ({ rowCount: (await database.query(text, values)).length }),
};

async function publishPlain(subject: string, count = 1, headers: Record<string, string> = {}): Promise<void> {
  const ops = await server.connect('ops');
  for (let n = 0; n < count; n += 250)
    await Promise.all(
      Array.from({ length: Math.min(250, count - n) }, (_, at) =>
        storeMessage(ops, {
          subject,
          stream: 'LEADS',
          messageId: `plain:${subject}:${n + at}`,
          headers,
          payload: 'somebody tries what the login ops may do',
        }),
      ),
    );
}

test('a plain message that an operator published proves nothing about the database, and stops no relay', async () => {
  await relayOn().stop();
  await say(1);
  relayOn();
  await published();
  await relay?.stop();
  await publishPlain('lead.enquiry_added');
  await publishPlain('lead.created', 3, { 'ce-id': 'mine', 'ce-type': 'lead.created', 'ce-source': 'ops' });
  const unreadable: PassedOver[] = [];
  const tell = (passedOver: PassedOver[]): unknown => unreadable.push(...passedOver);
  expect(await findUnknownEvents(nats, outbox, ['ingest'], tell)).toEqual([]);
  expect(unreadable.toSorted((a, b) => a.messages - b.messages)).toEqual([
    { subject: 'lead.enquiry_added', messages: 1 },
    { subject: 'lead.created', messages: 3 },
  ]);
  // Told once, until there is more of it.
  unreadable.length = 0;
  expect(await findUnknownEvents(nats, outbox, ['ingest'], tell)).toEqual([]);
  expect(unreadable).toEqual([]);
  await publishPlain('lead.created', 5);
  expect(await findUnknownEvents(nats, outbox, ['ingest'], tell)).toEqual([]);
  expect(unreadable).toEqual([{ subject: 'lead.created', messages: 2 }]);
  expect((await findForeignMessages(nats, ['ingest'])).map(({ subject }) => subject)).toEqual([
    'lead.created',
    'lead.enquiry_added',
  ]);

  relayOn();
  await server.restart('stop');
  await say(2);
  await published();
  expect((await reconcile()).events).toEqual([]);
});

test('a flood of foreign messages neither hides a lost database nor stops one that lost nothing', async () => {
  await relayOn().stop();
  await say(1);
  relayOn();
  await published();
  await publishPlain('lead.created', 3_000);
  // Other subjects’ events between them, and what an operator sent back at the end.
  await publishPlain('lead.enquiry_added', 500);
  await publishPlain('lead.created', 3_010, { 'leadline-redriven-by': 'asha' });
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual([]);
  await database.query(`delete from ingest_outbox`);
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual(['lead.created']);
  expect((await reconcile()).events).toHaveLength(1);
  expect(await findUnknownEvents(await server.connect('ingest'), outbox, ['ingest'])).toEqual([]);
});

test('an old event that the database lacks is taken in, however much it has said since', async () => {
  await relayOn().stop();
  await say(1);
  relayOn();
  await published();
  await relay?.stop();
  await database.query(`delete from ingest_outbox`);
  // It has published much later than that, and a subject of its own has no newer event.
  await database.query(
    `insert into ingest_outbox (id, aggregate, subject, headers, payload, created_at, published_at)
     values (gen_random_uuid(), 'lead/2', 'lead.enquiry_added', '{}', '{}', now() + interval '1 day', now() + interval '1 day')`,
  );
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual(['lead.created']);
  expect((await reconcile()).events).toHaveLength(1);
  expect(await findUnknownEvents(nats, outbox, ['ingest'])).toEqual([]);
});

test('a sequence only moves on, never back', async () => {
  expect(await ingest.transaction((sql) => moveSequence(sql, 'leads', 500))).toBe(501);
  expect(await ingest.transaction((sql) => moveSequence(sql, 'leads', 3))).toBe(502);
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Asha', '+919812345678', 'test') returning id`,
  );
  expect(lead?.id).toBe(502);
});
