import { leadCreated } from '@leadline/contracts/events/lead-created';
import { toHeaders } from '@leadline/contracts/envelope';
import { silentLog } from '@leadline/testing/silent-log';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { DebugEvents, nanos, type ConsumerConfig } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Nats } from './connection/connect.ts';
import { atLeast, takesTermReason } from './connection/connect.ts';
import { consume, on } from './consume/consume.ts';
import { done, later, reject, type Outcome } from './consume/outcome.ts';
import type { Consumer } from './consume/pull.ts';
import { storeMessage, type Stored } from './streams/stored-message.ts';
import { durables } from './topology/topology.ts';

/** Facts 1 to 12 of the JetStream notes, each as what this package does about it, on a server of the test's own. */
let server: TestNats;
let consumers: Consumer[] = [];
beforeEach(async () => {
  server = await testNats();
});
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  consumers = [];
  await server.close();
});

const stream = 'LEADS';
const durable = 'dispatcher-leads';

function lead(n: number): Parameters<typeof storeMessage>[1] {
  const id = `lead-${n}`;
  const headers = toHeaders({ id, type: 'lead.created', source: 'ingest', subject: `lead/${n}`, time: new Date() });
  const payload = JSON.stringify({ leadId: n, source: 'test', enquiredAt: new Date().toISOString() });
  return { subject: 'lead.created', stream, messageId: id, headers, payload };
}

async function storeLeads(count: number): Promise<void> {
  const ingest = await server.connect('ingest');
  for (let n = 1; n <= count; n++) expect(await storeMessage(ingest, lead(n))).toMatchObject({ kind: 'stored' });
}

function consumeLeads(
  nats: Nats,
  handle: (leadId: number) => Promise<Outcome>,
  options: { concurrency?: number; expiresMs?: number } = {},
): Consumer {
  const handlers = [on(leadCreated, ({ data }) => handle(data.leadId))];
  const consumer = consume({ nats, durable, handlers, concurrency: 4, log: silentLog, ...options });
  consumers.push(consumer);
  // Whoever waits for it sees it reject; the other tests don't wait.
  consumer.done.catch(() => undefined);
  return consumer;
}

async function state(): Promise<{ stored: number; pending: number; unacknowledged: number; config: ConsumerConfig }> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  const info = await manager.consumers.info(stream, durable);
  const { messages } = (await manager.streams.info(stream)).state;
  return { stored: messages, pending: info.num_pending, unacknowledged: info.num_ack_pending, config: info.config };
}

async function change(config: { ack_wait?: number; max_ack_pending?: number }): Promise<void> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.update(stream, durable, config);
}

test('fact 1: an outage longer than the ten tries of the client’s default ends neither connection nor consumer', async () => {
  const dispatcher = await server.connect('dispatcher');
  const handled: number[] = [];
  consumeLeads(dispatcher, async (leadId) => {
    handled.push(leadId);
    return done;
  });
  await storeLeads(1);
  await until('the first lead is handled', () => handled.length === 1);
  let tries = 0;
  void (async () => {
    for await (const { type } of dispatcher.connection.status()) if (type === DebugEvents.Reconnecting) tries++;
  })();
  await server.server().kill();
  await until('more tries than ten', () => tries > 11);
  expect(dispatcher.isUp()).toBe(false);
  await server.restart('kill');
  await until('reconnected', () => dispatcher.isUp());
  const ingest = await server.connect('ingest');
  await storeMessage(ingest, lead(2));
  await until('the second lead is handled', () => handled.includes(2));
});

test('fact 1: a connection that is closed for good is told, and ends the consumer with an error', async () => {
  const dispatcher = await server.connect('dispatcher');
  const consumer = consumeLeads(dispatcher, async () => done);
  await wait(100);
  await dispatcher.connection.close();
  await expect(consumer.done).rejects.toThrow('the NATS connection closed under dispatcher-leads');
  expect(await dispatcher.closed).toBeInstanceOf(Error);
});

test('fact 2: what is published while disconnected is told at once as not stored', async () => {
  const ingest = await server.connect('ingest');
  await server.server().kill();
  await until('the disconnect is noticed', () => !ingest.isUp());
  const startedAt = performance.now();
  expect(await storeMessage(ingest, lead(1))).toEqual({ kind: 'again', because: 'disconnected' });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await server.restart('kill');
  expect((await state()).stored).toBe(0);
});

test.for(['reconnect', 'kill', 'stop'] as const)(
  'fact 3: a repeat under the same id is swallowed, also after %s of the server',
  async (how) => {
    const ingest = await server.connect('ingest');
    expect(await storeMessage(ingest, lead(1))).toEqual({ kind: 'stored', duplicate: false, seq: 1 });
    if (how === 'reconnect') {
      await ingest.connection.reconnect();
    } else await server.restart(how);
    await until('reconnected', () => ingest.isUp() && (how === 'reconnect' || ingest.reconnects() > 0));
    const repeat = await until('a repeat is answered', async (): Promise<Stored | false> => {
      const stored = await storeMessage(ingest, lead(1));
      return stored.kind === 'stored' && stored;
    });
    expect(repeat).toEqual({ kind: 'stored', duplicate: true, seq: 1 });
    expect((await state()).stored).toBe(1);
  },
);

test('fact 4: the id of an acknowledged message is still known after a restart, for streams keep their messages', async () => {
  const dispatcher = await server.connect('dispatcher');
  consumeLeads(dispatcher, async () => done);
  await storeLeads(1);
  await until('acknowledged', async () => {
    const { pending, unacknowledged } = await state();
    return pending + unacknowledged === 0;
  });
  await server.restart('kill');
  const ingest = await server.connect('ingest');
  expect(await storeMessage(ingest, lead(1))).toEqual({ kind: 'stored', duplicate: true, seq: 1 });
});

test('fact 5: a publish that timed out is to be repeated, and is stored once', async () => {
  const ingest = await server.connect('ingest');
  process.kill(server.server().pid, 'SIGSTOP');
  await wait(100);
  const frozen = await storeMessage(ingest, lead(1));
  process.kill(server.server().pid, 'SIGCONT');
  expect(frozen).toEqual({ kind: 'again', because: 'TIMEOUT' });
  expect(await storeMessage(ingest, lead(1))).toMatchObject({ kind: 'stored' });
  expect((await state()).stored).toBe(1);
});

test('fact 6: a dead letter’s message never comes again, whether the server takes a reason with its term or not', async () => {
  const dispatcher = await server.connect('dispatcher');
  await change({ ack_wait: nanos(500) });
  const handled: number[] = [];
  consumeLeads(dispatcher, async (leadId) => {
    handled.push(leadId);
    return reject('never_again');
  });
  await storeLeads(1);
  await until('settled', async () => handled.length === 1 && (await state()).unacknowledged === 0);
  await wait(1_200);
  expect(handled).toEqual([1]);
  // The reason is left out where the server would ignore the whole term.
  expect(takesTermReason(dispatcher)).toBe(atLeast(dispatcher.connection.info?.version ?? '', [2, 10, 4]));
});

test('fact 7: no durable has a backoff, and a message comes back after the delay it was given', async () => {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  for (const [name, definition] of Object.entries(durables))
    expect((await manager.consumers.info(definition.stream, name)).config.backoff).toBeUndefined();
  const dispatcher = await server.connect('dispatcher');
  const deliveredAt: number[] = [];
  consumeLeads(dispatcher, async () => {
    deliveredAt.push(performance.now());
    return deliveredAt.length < 3 ? later('not_yet', 'elsewhere', 700) : done;
  });
  await storeLeads(1);
  await until('three deliveries', () => deliveredAt.length === 3);
  const gaps = deliveredAt.slice(1).map((at, index) => at - (deliveredAt[index] ?? 0));
  for (const gap of gaps) {
    expect(gap).toBeGreaterThan(650);
    expect(gap).toBeLessThan(1_500);
  }
});

test('fact 8: a handler slower than the heartbeat never makes us hold more than max_ack_pending', async () => {
  await change({ max_ack_pending: 6 });
  await storeLeads(40);
  const dispatcher = await server.connect('dispatcher');
  const release = Promise.withResolvers<void>();
  consumeLeads(
    dispatcher,
    async () => {
      await release.promise;
      return done;
    },
    { concurrency: 2, expiresMs: 1_000 },
  );
  await wait(4_500);
  const held = await state();
  release.resolve();
  expect(held.unacknowledged).toBeLessThanOrEqual(6);
  expect(held.pending).toBeGreaterThanOrEqual(34);
  await until('all are handled', async () => (await state()).pending === 0);
});

test('fact 9: handlers are the back-pressure, and no more run at once than were allowed', async () => {
  await storeLeads(60);
  const dispatcher = await server.connect('dispatcher');
  let running = 0;
  let most = 0;
  let handled = 0;
  consumeLeads(
    dispatcher,
    async () => {
      most = Math.max(most, ++running);
      await wait(30);
      running--;
      handled++;
      return done;
    },
    { concurrency: 3 },
  );
  await until('some are handled', () => handled > 6);
  // A callback would have taken all sixty at once.
  expect((await state()).unacknowledged).toBeLessThanOrEqual(3 * 3);
  await until('all are handled', () => handled === 60);
  expect(most).toBe(3);
});

test('fact 10: stopping resolves while messages wait, and hands them back at once', async () => {
  await storeLeads(30);
  const first = await server.connect('dispatcher');
  let begun = 0;
  const consumer = consumeLeads(
    first,
    async () => {
      begun++;
      await wait(200);
      return done;
    },
    { concurrency: 2 },
  );
  await until('the handlers are at work', () => begun === 2);
  const stoppedAt = performance.now();
  await consumer.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(2_500);
  await expect(consumer.done).resolves.toBeUndefined();
  const taken: number[] = [];
  consumeLeads(await server.connect('dispatcher'), async (leadId) => {
    taken.push(leadId);
    return done;
  });
  await until('the others are taken over', () => taken.length >= 28, 20_000);
});

test('fact 11: stopped in order, no message that was handled comes again', async () => {
  await storeLeads(40);
  const dispatcher = await server.connect('dispatcher');
  const handled: number[] = [];
  const consumer = consumeLeads(
    dispatcher,
    async (leadId) => {
      await wait(20);
      handled.push(leadId);
      return done;
    },
    { concurrency: 4 },
  );
  await until('some are handled', () => handled.length > 8);
  await consumer.stop();
  await dispatcher.close();
  await change({ ack_wait: nanos(500) });
  const again: number[] = [];
  consumeLeads(await server.connect('dispatcher'), async (leadId) => {
    again.push(leadId);
    return done;
  });
  await until('all others are handled', () => new Set([...handled, ...again]).size === 40);
  await wait(800);
  expect(again.filter((leadId) => handled.includes(leadId))).toEqual([]);
});

test('fact 12: an acknowledgement that was lost is made up for by the redelivery, not repeated', async () => {
  await change({ ack_wait: nanos(1_000) });
  await storeLeads(1);
  const dispatcher = await server.connect('dispatcher');
  let handled = 0;
  // Counted here: a server that was killed may have forgotten that it delivered at all.
  consumeLeads(dispatcher, async () => {
    if (++handled === 1) await server.server().kill();
    return done;
  });
  await until('handled once', () => handled === 1);
  await wait(200);
  await server.restart('kill');
  await until('handled again', () => handled === 2);
  await until('settled', async () => (await state()).unacknowledged === 0);
  await wait(1_200);
  expect(handled).toBe(2);
});

test('a durable that is deleted ends its consumer with an error', async () => {
  const dispatcher = await server.connect('dispatcher');
  const consumer = consumeLeads(dispatcher, async () => done);
  await wait(200);
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.delete(stream, durable);
  await expect(consumer.done).rejects.toThrow('dispatcher-leads was deleted');
});

test.for(['kill', 'stop'] as const)('a consumer goes on after a %s and restart of the server', async (how) => {
  const dispatcher = await server.connect('dispatcher');
  const handled: number[] = [];
  const consumer = consumeLeads(dispatcher, async (leadId) => {
    handled.push(leadId);
    return done;
  });
  await storeLeads(1);
  await until('the first is handled', () => handled.length === 1);
  let ended = false;
  void consumer.done.catch(() => (ended = true));
  await server.restart(how);
  const ingest = await server.connect('ingest');
  await until('stored', async () => (await storeMessage(ingest, lead(2))).kind === 'stored');
  await until('the second is handled', () => handled.includes(2));
  expect(ended).toBe(false);
});
