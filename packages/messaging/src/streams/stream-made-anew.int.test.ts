import { toHeaders } from '@leadline/contracts/envelope';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import { testDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { NatsError } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAdvisoryNet } from '../consume/advisory-net.ts';
import type { Nats } from '../connection/connect.ts';
import { consume, on } from '../consume/consume.ts';
import { reject } from '../consume/outcome.ts';
import { provision } from '../topology/provision.ts';
import type { Consumer } from '../consume/pull.ts';
import { storeDeadLetter } from '../dead-letters/dead-letters.ts';
import { listDeadLetters } from '../dead-letters/redrive.ts';
import { enqueue } from '../outbox/outbox.ts';
import { startRelay } from '../outbox/relay.ts';
import { storeMessage } from './stored-message.ts';
import type { StreamName } from '../topology/topology.ts';

// A stream of one replica that is lost with its disk counts from one again: what was kept of a place names another message.

let server: TestNats;
let [agent, tracker, ops, provisioner]: Nats[] = [];
let running: Consumer[] = [];
beforeEach(async () => {
  server = await testNats();
  [agent, tracker, ops, provisioner] = await Promise.all([
    server.connect('agent'),
    server.connect('call-tracker'),
    server.connect('ops'),
    server.connect('provisioner'),
  ]);
});
afterEach(async () => {
  await Promise.all(running.map((part) => part.stop()));
  running = [];
  await server.close();
});

const room = 'call-7-abcdefghijkl';
let reports = 0;

async function report(payload: object): Promise<void> {
  const id = `${room}:ready:${++reports}`;
  const headers = toHeaders({ id, type: agentReady.type, source: 'agent', subject: room, time: new Date() });
  const body = JSON.stringify(payload);
  const message = { subject: agentReady.type, stream: 'AGENT', messageId: id, headers, payload: body };
  expect(await storeMessage(need(agent), message)).toMatchObject({ kind: 'stored' });
}

/** A stream is gone with all that was in it, and made again. */
async function lose(stream: StreamName): Promise<void> {
  const manager = await need(provisioner).connection.jetstreamManager({ checkAPI: false });
  await manager.streams.delete(stream);
  await provision(need(provisioner));
}

/** Sets every report aside, until it is stopped. */
function rejectReports(): Consumer {
  const consumer = consume({
    nats: need(tracker),
    durable: 'call-tracker-agent',
    handlers: [on(agentReady, () => Promise.resolve(reject('no_such_room')))],
    concurrency: 1,
    log: silentLog,
  });
  running.push(consumer);
  return consumer;
}

async function untilLetters(many: number): Promise<Awaited<ReturnType<typeof listDeadLetters>>> {
  return until(`${many} dead letters`, async () => {
    const letters = await listDeadLetters(need(ops));
    return letters.length === many && letters;
  });
}

test('a dead letter is stored although an earlier one stood in the same place', async () => {
  const first = rejectReports();
  await report({ room });
  await untilLetters(1);
  await first.stop();
  await lose('AGENT');
  rejectReports();
  await report({ room });
  expect((await untilLetters(2)).map(({ reason }) => reason)).toEqual(['no_such_room', 'no_such_room']);
});

test('a repeat of a dead letter that nobody can compare just now is no second letter: it comes again', async () => {
  const nats = need(tracker);
  const letter = {
    durable: 'call-tracker-agent',
    stream: 'AGENT',
    deliveries: 1,
    because: 'no_such_room',
    original: { subject: 'agent.ready', seq: 7, data: Buffer.from('{}'), storedAt: new Date(), headers: undefined },
  };
  expect(await storeDeadLetter(nats, letter)).toMatchObject({ kind: 'stored', duplicate: false });
  const silent: Nats = {
    ...nats,
    connection: new Proxy(nats.connection, {
      get: (connection, name) =>
        name === 'jetstreamManager'
          ? () => Promise.reject(new NatsError('TIMEOUT', 'TIMEOUT'))
          : Reflect.get(connection, name).bind(connection),
    }),
  };
  expect(await storeDeadLetter(silent, letter)).toMatchObject({ kind: 'again' });
  expect(await storeDeadLetter(nats, letter)).toMatchObject({ kind: 'stored', duplicate: true });
  await untilLetters(1);
});

test('a large dead letter shows no other message that stands in its place', async () => {
  const consumer = rejectReports();
  await report({ room: 'x'.repeat(20_000) });
  const [letter] = await untilLetters(1);
  await consumer.stop();
  await lose('AGENT');
  await report({ room: 'y'.repeat(20_000) });
  const [after] = await listDeadLetters(need(ops));
  expect(JSON.stringify(letter?.payload)).toContain('xxx');
  expect(after?.payload).toBe('(too large to be copied, and gone from its stream)');
});

test('all that was said in a lost stream is published again, however long ago, once', async () => {
  const database = await testDatabase();
  const ingest = await database.open('ingest');
  const nats = await server.connect('ingest');
  const databaseUrl = database.roleUrls.ingest;
  const relay = startRelay({ databaseUrl, nats, service: 'ingest', log: silentLog });
  const say = (leadId: number): Promise<void> =>
    ingest.transaction((sql) =>
      enqueue(sql, 'ingest', leadCreated, {
        subject: `lead/${leadId}`,
        data: { leadId, source: 'test', enquiredAt: new Date().toISOString() },
      }),
    );
  const received = async (): Promise<number[]> => {
    const manager = await need(provisioner).connection.jetstreamManager({ checkAPI: false });
    const { state } = await manager.streams.info('LEADS');
    const seqs = Array.from({ length: state.messages }, (_, n) => state.first_seq + n);
    const messages = await Promise.all(seqs.map((seq) => manager.streams.getMessage('LEADS', { seq })));
    return messages.map((message) => message.json<{ leadId: number }>().leadId);
  };
  try {
    for (const leadId of [1, 2, 3]) await say(leadId);
    await until('three are said', async () => (await received()).length === 3);
    await database.query(`update ingest_outbox set published_at = published_at - interval '9 days' where seq < 3`);
    await database.query(`update ingest_outbox set published_at = published_at - interval '30 days' where seq = 1`);
    // The relay's own server lives on, as in a cluster that loses another one's disk: no connection breaks.
    await lose('LEADS');
    await say(4);
    await until('what was lost is said again', async () => (await received()).length === 3);
    // Older than the stream keeps anything is nobody's any more.
    expect((await received()).toSorted((a, b) => a - b)).toEqual([2, 3, 4]);
    await server.restart('kill');
    await say(5);
    await until('the next is said', async () => (await received()).includes(5));
    expect(await received()).toHaveLength(4);
  } finally {
    await relay.stop();
    await database.drop();
  }
});

test('what JetStream says of an earlier message makes no dead letter of the one in its place', async () => {
  await report({ room });
  const puller = await need(tracker).connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  (await puller.next({ expires: 2_000 }))?.term();
  const manager = await need(provisioner).connection.jetstreamManager({ checkAPI: false });
  await until('JetStream says so', async () => (await manager.streams.info('ADVISORIES')).state.messages === 1);
  await lose('AGENT');
  await report({ room });
  running.push(startAdvisoryNet({ nats: need(tracker), service: 'call-tracker', consuming: [], log: silentLog }));
  await until('the advisory is read', async () => {
    const { num_pending, num_ack_pending, ack_floor } = await manager.consumers.info(
      'ADVISORIES',
      'advisories-call-tracker',
    );
    return num_pending + num_ack_pending === 0 && ack_floor.stream_seq > 0;
  });
  await wait(200);
  expect(await listDeadLetters(need(ops))).toEqual([]);
});

function need(nats: Nats | undefined): Nats {
  if (nats === undefined) throw new Error('not connected');
  return nats;
}
