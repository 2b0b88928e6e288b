import { health } from '@leadline/contracts/commands/health';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { AckPolicy, DeliverPolicy } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerHealth } from '../commands/answer-health.ts';
import { ask } from '../connection/ask.ts';
import { atLeast } from '../connection/connect.ts';
import { enqueue } from '../outbox/outbox.ts';
import { provision } from './provision.ts';
import { readDurables, readStreams } from './read-topology.ts';
import { storeMessage } from '../streams/stored-message.ts';

let nats: TestNats;
let db: TestDatabase;
beforeAll(async () => {
  [nats, db] = await Promise.all([testNats(), testDatabase()]);
});
afterAll(() => Promise.all([nats.close(), db.drop()]));

test('what the provisioner made is as it should be; what was changed or removed is told, with what waits', async () => {
  const ops = await nats.connect('ops');
  for (const state of [...(await readStreams(ops)), ...(await readDurables(ops))])
    expect([state.name, state.differences, state.found === undefined]).toEqual([state.name, [], false]);
  const message = { subject: 'call.qualified', stream: 'CALLS', messageId: 'one', headers: {}, payload: '{}' };
  expect(await storeMessage(ops, message)).toMatchObject({ kind: 'stored' });

  const provisioner = await nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager();
  await manager.consumers.update('CALLS', 'crm-pusher', { ack_wait: 5_000_000_000 });
  await manager.consumers.delete('AGENT', 'dashboard-agent');
  await manager.streams.update('DLQ', { max_age: 7_200_000_000_000 });
  const durables = Object.fromEntries((await readDurables(ops)).map((durable) => [durable.name, durable]));
  expect(durables['crm-pusher']).toMatchObject({
    found: { waiting: 1, inHand: 0, asking: 0 },
    differences: ['ack_wait is 5000000000, not 60000000000'],
  });
  expect(durables['dashboard-agent']).toMatchObject({ found: undefined });
  const dlq = (await readStreams(ops)).find(({ name }) => name === 'DLQ');
  expect(dlq?.differences).toEqual([expect.stringContaining('max_age is 7200000000000')]);
});

test('a durable that was made by hand, with one filter and waits of its own, is brought into line', async () => {
  const provisioner = await nats.connect('provisioner');
  const [ops, manager] = [await nats.connect('ops'), await provisioner.connection.jetstreamManager()];
  const stateOf = async (name: string) => (await readDurables(ops)).find((durable) => durable.name === name);
  const byHand = {
    'call-tracker-agent': ['AGENT', 'agent.>'],
    'dispatcher-leads': ['LEADS', 'lead.created'],
    'dispatcher-calls': ['CALLS', 'call.ringing'],
    'crm-pusher': ['CALLS', 'call.failed'],
    'advisories-crm-pusher': ['ADVISORIES', '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.CALLS.crm-pusher'],
  } as const;
  for (const [name, [stream, filter]] of Object.entries(byHand)) {
    await manager.consumers.delete(stream, name);
    await manager.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      filter_subject: filter,
      backoff: [1e9, 2e9],
      max_deliver: 3,
      inactive_threshold: 3600e9,
    });
  }
  expect((await stateOf('call-tracker-agent'))?.differences).toEqual([
    expect.stringContaining('ack_wait'),
    expect.stringContaining('max_ack_pending'),
    'backoff is 1000000000 2000000000, not empty',
    'inactive_threshold is 3600000000000, not empty',
  ]);
  expect((await stateOf('crm-pusher'))?.differences).toContain('filters is call.failed, not call.qualified');
  // Twice, as each deployment does.
  for (let time = 0; time < 2; time++) await provision(provisioner);
  for (const state of await readDurables(ops)) expect([state.name, state.differences]).toEqual([state.name, []]);
});

test('a durable tells when it last settled something, that nats-server has forgotten, and that it is paused', async () => {
  const [ops, provisioner] = [await nats.connect('ops'), await nats.connect('provisioner')];
  await provision(provisioner);
  const found = async () => (await readDurables(ops)).find(({ name }) => name === 'dashboard-leads')?.found;
  expect(await found()).toMatchObject({ lastSettled: 'never', pausedUntil: undefined });
  const message = { subject: 'lead.created', stream: 'LEADS', messageId: 'settled', headers: {}, payload: '{}' };
  await storeMessage(ops, message);
  const dashboard = await nats.connect('dashboard');
  const reading = await dashboard.connection.jetstream().consumers.get('LEADS', 'dashboard-leads');
  await (await reading.next())?.ackAck();
  expect((await found())?.lastSettled).toBeInstanceOf(Date);
  await nats.restart('stop');
  await until('NATS is there again', () => ops.isUp() && provisioner.isUp());
  expect((await found())?.lastSettled).toBe('before_start');

  if (!atLeast(ops.connection.info?.version ?? '', [2, 11, 0])) return;
  const resumesAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000);
  await provisioner.connection.request(
    '$JS.API.CONSUMER.PAUSE.LEADS.dashboard-leads',
    JSON.stringify({ pause_until: resumesAt.toISOString() }),
  );
  expect((await found())?.pausedUntil).toEqual(resumesAt);
  // A person's pause is his to end.
  await provision(provisioner);
  expect((await found())?.pausedUntil).toEqual(resumesAt);
});

test('a service tells how it is, how long its events wait, and its far systems only when asked', async () => {
  const [ops, ingest, postgres] = [await nats.connect('ops'), await nats.connect('ingest'), await db.open('ingest', 2)];
  const answering = await answerHealth({
    nats: ingest,
    service: 'ingest',
    sql: postgres.sql,
    parts: async () => ({ database: true, streams: 'missing: the durable x' }),
    far: async () => ({ vendor: true }),
    settings: { PORT: 8080 },
  });
  const asked = (far: boolean) => ask(ops, health.ingest, { far });
  expect(await asked(false)).toMatchObject({
    parts: { database: true, streams: 'missing: the durable x' },
    far: {},
    settings: { PORT: 8080 },
    outbox: { waiting: 0, oldestSeconds: 0, failed: 0 },
  });
  const enquiredAt = new Date().toISOString();
  await postgres.transaction((sql) =>
    enqueue(sql, 'ingest', leadCreated, { subject: 'lead/1', data: { leadId: 1, source: 'website', enquiredAt } }),
  );
  const waiting = await asked(true);
  expect(waiting).toMatchObject({ far: { vendor: true }, outbox: { waiting: 1 } });
  expect(waiting.outbox?.oldestSeconds).toBeGreaterThanOrEqual(0);
  await answering.stop();
});

test('while its database is down a service still tells how it is', async () => {
  const [ops, ingest] = [await nats.connect('ops'), await nats.connect('ingest')];
  const answering = await answerHealth({
    nats: ingest,
    service: 'ingest',
    parts: async () => ({ database: 'failed' }),
    sql: { query: () => Promise.reject(new Error('no database')) },
  });
  const answer = await ask(ops, health.ingest, {});
  expect(answer).toMatchObject({ parts: { database: 'failed' }, outbox: null, databaseTime: null });
  await answering.stop();
});
