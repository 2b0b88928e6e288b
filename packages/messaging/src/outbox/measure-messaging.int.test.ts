import { toHeaders } from '@leadline/contracts/envelope';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import { callFailed } from '@leadline/contracts/events/call-failed';
import type { Database } from '@leadline/database/open-database';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import { consume, on } from '../consume/consume.ts';
import { measureMessaging } from './measure-messaging.ts';
import { createMessagingMetrics } from '../consume/messaging-metrics.ts';
import { done, reject } from '../consume/outcome.ts';
import { storeMessage } from '../streams/stored-message.ts';

let db: TestDatabase;
let server: TestNats;
let postgres: Database;
let nats: Nats;
let agent: Nats;
const registry = new Registry();
const metrics = createMessagingMetrics(registry, 'call-tracker');

beforeAll(async () => {
  [db, server] = await Promise.all([testDatabase(), testNats()]);
  postgres = await db.open('callTracker');
  [nats, agent] = await Promise.all([server.connect('call-tracker', { pingIntervalMs: 200 }), server.connect('agent')]);
});
afterAll(async () => {
  await server.close();
  await db.drop();
});

/** The value of one series as a scrape tells it; undefined when it is absent. */
async function told(series: string): Promise<number | undefined> {
  await measureMessaging({ sql: postgres.sql, nats, service: 'call-tracker', metrics });
  const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

let reports = 0;
async function report(): Promise<void> {
  const room = 'call-7-abcdefghijkl';
  const id = `${room}:${++reports}`;
  const headers = toHeaders({ id, type: agentReady.type, source: 'agent', subject: room, time: new Date() });
  const message = { subject: agentReady.type, stream: 'AGENT', messageId: id, headers };
  expect(await storeMessage(agent, { ...message, payload: JSON.stringify({ room }) })).toMatchObject({
    kind: 'stored',
  });
}

test('the outbox tells the age of its oldest waiting event and what can never be published', async () => {
  expect(await told('leadline_outbox_oldest_seconds')).toBe(0);
  await db.query(
    `insert into call_tracker_outbox (id, aggregate, subject, payload, created_at, published_at, failed_at) values
       (gen_random_uuid(), 'call/1', $1, '{}', now() - interval '9 hours', now(), null),
       (gen_random_uuid(), 'call/2', $1, '{}', now() - interval '8 hours', null, now()),
       (gen_random_uuid(), 'call/3', $1, '{}', now() - interval '2 minutes', null, null),
       (gen_random_uuid(), 'call/4', $1, '{}', now(), null, null)`,
    [callFailed.type],
  );
  expect(await told('leadline_outbox_failed')).toBe(1);
  expect(Math.floor(((await told('leadline_outbox_oldest_seconds')) ?? 0) / 60)).toBe(2);
});

test('a durable tells what waits, what is held, and what became of it', async () => {
  const pending = 'leadline_consumer_pending{durable="call-tracker-agent"}';
  const held = 'leadline_consumer_ack_pending{durable="call-tracker-agent"}';
  const settled = (outcome: string): string =>
    `leadline_messages_settled_total{durable="call-tracker-agent",outcome="${outcome}"}`;
  expect(await told(pending)).toBe(0);
  expect(await told(settled('dead_letter'))).toBe(0);
  for (let count = 0; count < 3; count++) await report();
  await until('three wait', async () => (await told(pending)) === 3);

  const release = Promise.withResolvers<void>();
  let handled = 0;
  const consumer = consume({
    nats,
    durable: 'call-tracker-agent',
    handlers: [
      on(agentReady, async () => {
        await release.promise;
        return ++handled === 1 ? reject('unknown_room') : done;
      }),
    ],
    concurrency: 8,
    metrics,
    log: silentLog,
  });
  await until('three are held', async () => (await told(held)) === 3 && (await told(pending)) === 0);
  release.resolve();
  await until('all are settled', async () => (await told(held)) === 0);
  expect([await told(settled('ack')), await told(settled('dead_letter'))]).toEqual([2, 1]);
  expect(await told('leadline_message_handle_seconds_count{durable="call-tracker-agent"}')).toBe(3);
  await consumer.stop();

  await server.server().kill();
  await until('nothing is told while NATS is gone', async () => (await told(pending)) === undefined);
});
