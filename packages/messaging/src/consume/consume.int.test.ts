import { toHeaders } from '@leadline/contracts/envelope';
import { agentEnded } from '@leadline/contracts/events/agent-ended';
import { agentQualified } from '@leadline/contracts/events/agent-qualified';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { nanos, type ConsumerUpdateConfig } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import { consume, on, type Consuming, type Handler, type Received } from './consume.ts';
import { startAdvisoryNet } from './advisory-net.ts';
import { maxFaults } from './decide-settlement.ts';
import { done, later, reject, type Outcome } from './outcome.ts';
import { provision } from '../topology/provision.ts';
import type { Consumer } from './pull.ts';
import { listDeadLetters, redrive, redriveMatching } from '../dead-letters/redrive.ts';
import { storeMessage } from '../streams/stored-message.ts';

let server: TestNats;
let agent: Nats;
let tracker: Nats;
let ops: Nats;
let consumers: Consumer[] = [];
beforeEach(async () => {
  server = await testNats();
  [agent, tracker, ops] = await Promise.all([
    server.connect('agent'),
    server.connect('call-tracker'),
    server.connect('ops'),
  ]);
});
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  consumers = [];
  await server.close();
});

const room = 'call-7-abcdefghijkl';
const time = new Date('2026-11-24T10:00:00.000Z');
const answers = { room, mode: 'sarvam', qualification: { location: 'Pune' } };
let reports = 0;

/** As an agent reports: `changed` replaces headers, or takes them away. */
async function report(type: string, payload: unknown, changed: Record<string, string> = {}): Promise<string> {
  const id = `${room}:${type}:${++reports}`;
  const headers = { ...toHeaders({ id, type, source: 'agent', subject: room, time }), ...changed };
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const stored = await storeMessage(agent, { subject: type, stream: 'AGENT', messageId: id, headers, payload: body });
  expect(stored).toMatchObject({ kind: 'stored' });
  return id;
}

type Watched = { seen: Received<unknown>[]; consumer: Consuming };

function consumeReports(
  outcomeOf: (event: Received<unknown>) => Outcome | Promise<Outcome>,
  options: { ready?: () => boolean; lookEachMs?: number; nats?: Nats; random?: () => number } = {},
): Watched {
  const seen: Received<unknown>[] = [];
  const run = async (event: Received<unknown>): Promise<Outcome> => {
    seen.push(event);
    return outcomeOf(event);
  };
  const handlers: Handler[] = [on(agentReady, run), on(agentQualified, run), on(agentEnded, run)];
  const consumer = consume({
    nats: options.nats ?? tracker,
    durable: 'call-tracker-agent',
    handlers,
    concurrency: 4,
    log: silentLog,
    ...options,
  });
  consumers.push(consumer);
  return { seen, consumer };
}

async function change(config: Partial<ConsumerUpdateConfig>): Promise<void> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.update('AGENT', 'call-tracker-agent', config);
}

async function unacknowledged(): Promise<number> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  const info = await manager.consumers.info('AGENT', 'call-tracker-agent');
  return info.num_ack_pending + info.num_pending;
}

test('a handler gets the event parsed, with its own time', async () => {
  const { seen } = consumeReports(() => done);
  const id = await report('agent.qualified', { ...answers, unknownKey: 1 });
  await until('handled', () => seen.length === 1);
  expect(seen[0]).toMatchObject({ id, time, type: 'agent.qualified', subject: room, data: answers, deliveries: 1 });
  await until('settled', async () => (await unacknowledged()) === 0);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('an agent that sends no envelope at all is understood', async () => {
  const { seen } = consumeReports(() => done);
  await agent.connection.jetstream().publish('agent.ready', JSON.stringify({ room }), { msgID: 'its-own-id' });
  await until('handled', () => seen.length === 1);
  expect(seen[0]).toMatchObject({ id: 'its-own-id', type: 'agent.ready', data: { room } });
});

test.for(['yesterday', '0001-01-01T00:00:00+05:30', '2026-02-30T10:00:00Z'])(
  "an agent's report from %s is from when it was stored",
  async (written) => {
    const { seen } = consumeReports(() => done);
    const before = Date.now() - 5_000;
    await report('agent.qualified', answers, { 'ce-time': written });
    await until('handled', () => seen.length === 1);
    expect(seen[0]?.timeUnreadable).toBe(true);
    expect(seen[0]?.time.getTime()).toBeGreaterThan(before);
    expect(await listDeadLetters(ops)).toEqual([]);
  },
);

test.for([
  ['a payload its contract refuses', answers, { mode: 5 }, {}, /^malformed: mode /],
  ['a payload that is not JSON', 'hello {', undefined, {}, /^not_json$/],
  ['a type that is not its subject', answers, {}, { 'ce-type': 'agent.ready' }, /^type_is_not_subject$/],
] as const)('%s is a dead letter at its first delivery', async ([, payload, broken, headers, reason]) => {
  const { seen } = consumeReports(() => done);
  await report('agent.qualified', typeof payload === 'string' ? payload : { ...payload, ...broken }, headers);
  const [letter] = await until('a dead letter', async () => {
    const letters = await listDeadLetters(ops);
    return letters.length > 0 && letters;
  });
  expect(letter).toMatchObject({ durable: 'call-tracker-agent', subject: 'agent.qualified', deliveries: 1 });
  expect(letter?.reason).toMatch(reason);
  await until('settled', async () => (await unacknowledged()) === 0);
  expect(seen).toEqual([]);
});

test('what a handler rejects is a dead letter, and stops nobody', async () => {
  const { seen } = consumeReports(({ type }) => (type === 'agent.ended' ? reject('no_such_room') : done));
  await report('agent.ended', { room, endedBy: 'agent', doNotCall: false, callbackAt: null });
  await report('agent.ready', { room });
  await until('both are handled', () => seen.length === 2);
  const letters = await until('a dead letter', async () => {
    const found = await listDeadLetters(ops);
    return found.length > 0 && found;
  });
  expect(letters.map(({ reason }) => reason)).toEqual(['no_such_room']);
});

test('a message that fails by its own fault is a dead letter in the end', async () => {
  const { seen } = consumeReports(() => later('cannot_be_handled', 'message', 1));
  await report('agent.ready', { room });
  const letters = await until('a dead letter', async () => {
    const found = await listDeadLetters(ops);
    return found.length > 0 && found;
  });
  expect(letters[0]).toMatchObject({ reason: 'cannot_be_handled', deliveries: maxFaults });
  expect(seen).toHaveLength(maxFaults);
});

test('what a handler throws in an outage is handled again after a while, in the same delivery', async () => {
  const { seen } = consumeReports(() => {
    if (seen.length === 1) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
    return done;
  });
  await report('agent.ready', { room });
  await until('handled', () => seen.length === 2);
  await until('settled', async () => (await unacknowledged()) === 0);
  expect(seen.map(({ deliveries }) => deliveries)).toEqual([1, 1]);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('an outage of far more tries than max_deliver uses up no delivery, and nothing is a dead letter', async () => {
  // An ack_wait shorter than the outage too.
  await change({ ack_wait: nanos(2_000), max_deliver: 3 });
  let up = true;
  let tries = 0;
  let looks = 0;
  const { seen, consumer } = consumeReports(
    () => {
      if (up) return done;
      tries++;
      return later('no_database', 'elsewhere');
    },
    // Up and down again and again, as a database that is failing over: it looks ready now and then.
    { ready: () => up || looks++ % 3 === 0, lookEachMs: 30, random: () => 0 },
  );
  consumers.push(startAdvisoryNet({ nats: tracker, service: 'call-tracker', consuming: [consumer], log: silentLog }));
  await report('agent.ready', { room });
  await until('it consumes', () => seen.length === 1);
  up = false;
  for (let n = 0; n < 12; n++) await report('agent.ready', { room });
  await until('many tries', () => tries > 12);
  await wait(5_000);
  up = true;
  await until('all are handled', async () => (await unacknowledged()) === 0);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(13);
  expect(Math.max(...seen.map(({ deliveries }) => deliveries))).toBe(1);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('what was pulled and not begun waits through a pause, and goes back at a stop', async () => {
  await change({ ack_wait: nanos(500), max_deliver: 2 });
  let up = true;
  const { seen, consumer } = consumeReports(
    async () => {
      if (up) await wait(100);
      return up ? done : later('no_database', 'elsewhere');
    },
    { ready: () => up, lookEachMs: 30 },
  );
  for (let n = 0; n < 20; n++) await report('agent.ready', { room });
  await until('it is in the midst of them', () => seen.length >= 6);
  up = false;
  await wait(2_500);
  await consumer.stop();
  const again = consumeReports(() => done);
  await until('all are handled', async () => (await unacknowledged()) === 0);
  expect(new Set([...seen, ...again.seen].map(({ id }) => id)).size).toBe(20);
  expect(Math.max(...again.seen.map(({ deliveries }) => deliveries))).toBe(2);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('while what it needs is down it pulls nothing, and what it holds is handled when it is up', async () => {
  let up = true;
  const { seen } = consumeReports(() => (up ? done : later('no_database', 'elsewhere', 300)), {
    ready: () => up,
    lookEachMs: 50,
  });
  await report('agent.ready', { room });
  await until('handled', () => seen.length === 1);
  up = false;
  await wait(200);
  for (let n = 0; n < 20; n++) await report('agent.ready', { room });
  await wait(500);
  expect(seen.length).toBeLessThanOrEqual(2);
  up = true;
  await until('all are handled', async () => seen.length >= 21 && (await unacknowledged()) === 0);
});

test('what stays busy while others go through is handed back after some tries, and stops nobody', async () => {
  const busy = 'call-8-abcdefghijkl';
  const { seen } = consumeReports(({ data, deliveries }) =>
    (data as { room: string }).room === busy && deliveries === 1 ? later('lock_busy', 'elsewhere', 20) : done,
  );
  for (let n = 0; n < 4; n++) await report('agent.ready', { room: busy });
  await report('agent.ready', { room });
  await until('all are handled', async () => (await unacknowledged()) === 0);
  expect(seen.filter(({ deliveries }) => deliveries === 2)).toHaveLength(4);
});

test('a message comes to two workers at once only after its ack_wait, and `working` holds it', async () => {
  await change({ ack_wait: nanos(500) });
  const { seen } = consumeReports(async (event) => {
    for (let n = 0; n < 6; n++) {
      await wait(250);
      event.working();
    }
    return done;
  });
  await report('agent.ready', { room });
  await until('settled', async () => seen.length > 0 && (await unacknowledged()) === 0);
  expect(seen).toHaveLength(1);
});

test('a dead letter that can not be stored keeps its message', async () => {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.streams.delete('DLQ');
  const { seen } = consumeReports(() => reject('never'));
  await report('agent.ready', { room });
  await until('handled', () => seen.length === 1);
  expect(await unacknowledged()).toBe(1);
  await provision(await server.connect('provisioner'));
  await until('a dead letter', async () => (await listDeadLetters(ops)).length === 1);
  await until('settled', async () => (await unacknowledged()) === 0);
});

test('no header of a dead letter holds what a person may be known by', async () => {
  consumeReports(() => done);
  await report(
    'agent.qualified',
    { ...answers, mode: 'Asha Rao' },
    {
      'ce-subject': '+919876543210',
      'ce-source': 'Asha Rao',
      'ce-id': '9876543210',
      'x-note': 'call Asha',
    },
  );
  await until('a dead letter', async () => (await listDeadLetters(ops)).length === 1);
  const manager = await ops.connection.jetstreamManager({ checkAPI: false });
  const message = await manager.streams.getMessage('DLQ', { seq: 1 });
  const headers = [...message.header].map(([name, values]) => `${name}: ${values.join()}`).join('\n');
  expect(headers).not.toMatch(/9876543210|asha/i);
  expect(headers).toMatch(/leadline-reason: malformed: mode/);
});

/** Deliveries that nobody handles: all that JetStream gives. */
async function useUpDeliveries(): Promise<string> {
  await change({ ack_wait: nanos(300), max_deliver: 2 });
  const id = await report('agent.ready', { room });
  const consumer = await tracker.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  for (let delivery = 1; delivery <= 2; delivery++) {
    expect((await consumer.next({ expires: 2_000 }))?.info.deliveryCount).toBe(delivery);
    await wait(400);
  }
  // The advisory leaves only when somebody pulls again.
  void consumer.next({ expires: 1_000 });
  return id;
}

function catchGivenUp(consumer: Consuming): void {
  consumers.push(startAdvisoryNet({ nats: tracker, service: 'call-tracker', consuming: [consumer], log: silentLog }));
}

test('what JetStream gave up is handled after all: its deliveries say nothing about it', async () => {
  const id = await useUpDeliveries();
  const { seen, consumer } = consumeReports(() => done);
  catchGivenUp(consumer);
  await until('handled', () => seen.length === 1);
  expect(seen[0]).toMatchObject({ id, time, deliveries: 2, data: { room } });
  await wait(300);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('what JetStream gave up in an outage waits for its end in the second net', async () => {
  await useUpDeliveries();
  let up = false;
  const { seen, consumer } = consumeReports(() => (up ? done : later('no_database', 'elsewhere')), {
    ready: () => up || seen.length % 2 === 1,
    lookEachMs: 30,
    random: () => 0,
  });
  catchGivenUp(consumer);
  await until('it is tried', () => seen.length >= 3);
  expect(await listDeadLetters(ops)).toEqual([]);
  const tried = seen.length;
  up = true;
  await until('handled', () => seen.length > tried);
  await wait(300);
  expect(await listDeadLetters(ops)).toEqual([]);
});

test('what JetStream gave up and fails by its own fault is a dead letter by the second net', async () => {
  const id = await useUpDeliveries();
  const { seen, consumer } = consumeReports(() => later('cannot_be_handled', 'message', 1));
  catchGivenUp(consumer);
  const [letter] = await until('a dead letter', async () => {
    const letters = await listDeadLetters(ops);
    return letters.length > 0 && letters;
  });
  expect(letter).toMatchObject({ eventId: id, reason: 'cannot_be_handled', deliveries: 2, payload: { room } });
  expect(seen).toHaveLength(maxFaults);
});

test('a message caught by both nets is one dead letter', async () => {
  const { seen, consumer } = consumeReports(() => reject('never'));
  catchGivenUp(consumer);
  await report('agent.ready', { room });
  await until('handled', () => seen.length === 1);
  await report('agent.ready', { room });
  const letters = await until('two dead letters', async () => {
    const found = await listDeadLetters(ops);
    return found.length >= 2 && found;
  });
  await wait(300);
  expect(letters.map(({ reason }) => reason)).toEqual(['never', 'never']);
  expect(await listDeadLetters(ops)).toHaveLength(2);
});

test('a message that somebody else terminated is a dead letter too', async () => {
  await report('agent.ready', { room });
  const consumer = await tracker.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  (await consumer.next({ expires: 2_000 }))?.term();
  consumers.push(startAdvisoryNet({ nats: tracker, service: 'call-tracker', consuming: [], log: silentLog }));
  const letters = await until('a dead letter', async () => {
    const found = await listDeadLetters(ops);
    return found.length > 0 && found;
  });
  expect(letters[0]).toMatchObject({ reason: 'terminated', durable: 'call-tracker-agent' });
});

test('a redriven dead letter comes to its durable alone, repaired, as the same event, and stays listed', async () => {
  const { seen } = consumeReports(() => done);
  const id = await report('agent.qualified', { room, mode: 'sarvam' });
  await until('a dead letter', async () => (await listDeadLetters(ops)).length === 1);
  await expect(redrive(ops, { seq: 1, who: 'asha' })).rejects.toThrow('qualification');
  await expect(redrive(ops, { seq: 9, who: 'asha' })).rejects.toThrow('there is no dead letter 9');
  expect(await redrive(ops, { seq: 1, who: 'asha', payload: answers, dryRun: true })).toMatchObject({
    outcome: 'would_redrive',
  });
  expect(seen).toEqual([]);
  expect(await redrive(ops, { seq: 1, who: 'asha', payload: answers })).toEqual({
    seq: 1,
    eventId: id,
    subject: 'agent.qualified',
    outcome: 'redriven',
  });
  await until('handled', () => seen.length === 1);
  expect(seen[0]).toMatchObject({ id, time, data: answers, redriven: true });
  const [letter] = await listDeadLetters(ops);
  expect(letter?.redriven).toMatchObject({ times: 1, who: 'asha' });
  expect(letter?.payload).toEqual({ room, mode: 'sarvam' });
  await redrive(ops, { seq: 1, who: 'ben', payload: answers });
  await until('handled again', () => seen.length === 2);
  expect((await listDeadLetters(ops))[0]?.redriven).toMatchObject({ times: 2, who: 'ben' });
});

test('an event that is redriven for another durable is skipped', async () => {
  const { seen } = consumeReports(() => done);
  await storeMessage(ops, {
    subject: 'agent.ready',
    stream: 'AGENT',
    messageId: 'redrive:1:1:x',
    headers: { 'leadline-redrive-for': 'another-durable' },
    payload: JSON.stringify({ room }),
  });
  await report('agent.ready', { room });
  await until('the other is handled', () => seen.length === 1);
  await until('both are settled', async () => (await unacknowledged()) === 0);
  expect(seen).toHaveLength(1);
});

test('all that match are redriven, each once, up to a cap, and what can not be is told', async () => {
  let broken = true;
  const { seen } = consumeReports(() => (broken ? reject('crm_refused') : done));
  for (let n = 0; n < 4; n++) await report('agent.ready', { room });
  await report('agent.qualified', { room });
  await until('five dead letters', async () => (await listDeadLetters(ops)).length === 5);
  broken = false;
  seen.length = 0;
  const filter = { durable: 'call-tracker-agent', reason: 'crm_refused' };
  expect(await redriveMatching(ops, { filter, cap: 10, who: 'asha', dryRun: true })).toHaveLength(4);
  expect(seen).toEqual([]);
  expect(await redriveMatching(ops, { filter, cap: 3, who: 'asha' })).toHaveLength(3);
  await until('three are handled', () => seen.length === 3);
  const rest = await redriveMatching(ops, { filter: {}, cap: 10, who: 'asha' });
  expect(rest.map(({ subject, outcome }) => [subject, outcome])).toEqual([
    ['agent.ready', 'redriven'],
    ['agent.qualified', 'refused'],
  ]);
  await until('the fourth is handled', () => seen.length === 4);
  expect(await listDeadLetters(ops, { subject: 'agent.qualified' })).toHaveLength(1);
  expect(await listDeadLetters(ops, { redriven: false })).toHaveLength(1);
});
