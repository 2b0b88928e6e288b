import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { atLeast, type Nats } from '../connection/connect.ts';
import { readBacklogMs } from './read-backlog.ts';

let server: TestNats;
let tracker: Nats;
let agent: Nats;
beforeEach(async () => {
  server = await testNats();
  [tracker, agent] = await Promise.all([server.connect('call-tracker'), server.connect('agent')]);
});
afterEach(() => server.close());

const backlog = (): Promise<number | undefined> => readBacklogMs(tracker, 'call-tracker-agent');
const report = (): Promise<unknown> => agent.connection.jetstream().publish('agent.ready', '{}');

test('nothing waits: nothing is behind, however long nothing came', async () => {
  expect(await backlog()).toBe(0);
});

test('what nobody has taken is as far behind as it is old', async () => {
  await report();
  await wait(1_500);
  await report();
  expect(await backlog()).toBeGreaterThanOrEqual(1_400);
  expect(await backlog()).toBeLessThan(5_000);
});

test('what is in hand is not known either, until it is settled', async () => {
  await report();
  const consumer = await tracker.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  const message = await consumer.next({ expires: 2_000 });
  await wait(1_200);
  expect(await backlog()).toBeGreaterThanOrEqual(1_100);
  message?.ack();
  await until('it is settled', async () => (await backlog()) === 0);
});

test('a durable that is paused hears nothing, and one that is gone is an error', async () => {
  const provisioner = await server.connect('provisioner');
  if (atLeast(tracker.connection.info?.version ?? '', [2, 11, 0])) {
    const pause = async (end: Date): Promise<void> => {
      await provisioner.connection.request(
        '$JS.API.CONSUMER.PAUSE.AGENT.call-tracker-agent',
        JSON.stringify({ pause_until: end.toISOString() }),
      );
    };
    await pause(new Date(Date.now() + 60_000));
    expect(await backlog()).toBeUndefined();
    await pause(new Date(0));
    expect(await backlog()).toBe(0);
  }
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.delete('AGENT', 'call-tracker-agent');
  await expect(backlog()).rejects.toThrow(/not found/);
});
