import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerHealth, health } from './answer-health.ts';
import { ask } from './ask.ts';
import { enqueue } from './outbox.ts';
import { readDurables, readStreams } from './read-topology.ts';
import { storeMessage } from './stored-message.ts';
import { leadCreated } from '@leadline/contracts/events/lead-created';

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
  const durables = Object.fromEntries((await readDurables(ops)).map((one) => [one.name, one]));
  expect(durables['crm-pusher']).toMatchObject({
    found: { waiting: 1, inHand: 0, asking: 0 },
    differences: ['ack_wait is 5000000000, not 60000000000'],
  });
  expect(durables['dashboard-agent']).toMatchObject({ found: undefined });
  const dlq = (await readStreams(ops)).find(({ name }) => name === 'DLQ');
  expect(dlq?.differences).toEqual([expect.stringContaining('max_age is 7200000000000')]);
});

test('a service tells how it is, how long its events wait, and its far systems only when asked', async () => {
  const [ops, ingest, postgres] = [await nats.connect('ops'), await nats.connect('ingest'), await db.open('ingest', 2)];
  const answering = await answerHealth({
    ...{ nats: ingest, service: 'ingest', em: () => postgres.em() },
    parts: async () => ({ database: true, streams: 'missing: the durable x' }),
    far: async () => ({ vendor: true }),
    settings: { PORT: 8080 },
  });
  const asked = (far: boolean) => ask(ops, 'ops.ingest.health', { far }, health);
  expect(await asked(false)).toMatchObject({
    parts: { database: true, streams: 'missing: the durable x' },
    far: {},
    settings: { PORT: 8080 },
    outbox: { waiting: 0, oldestSeconds: 0, failed: 0 },
  });
  const enquiredAt = new Date().toISOString();
  await postgres.transaction((em) =>
    enqueue(em, 'ingest', leadCreated, { subject: 'lead/1', data: { leadId: 1, source: 'website', enquiredAt } }),
  );
  const waiting = await asked(true);
  expect(waiting).toMatchObject({ far: { vendor: true }, outbox: { waiting: 1 } });
  expect(waiting.outbox?.oldestSeconds).toBeGreaterThanOrEqual(0);
  answering.stop();
});

test('while its database is down a service still tells how it is', async () => {
  const [ops, ingest] = [await nats.connect('ops'), await nats.connect('ingest')];
  const answering = await answerHealth({
    ...{ nats: ingest, service: 'ingest', parts: async () => ({ database: 'failed' }) },
    em: () => {
      throw new Error('no database');
    },
  });
  const told = await ask(ops, 'ops.ingest.health', {}, health);
  expect(told).toMatchObject({ parts: { database: 'failed' }, outbox: null, databaseTime: null });
  answering.stop();
});
