import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import { consume } from '../consume/consume.ts';
import { isPushedOut, makeRoomForReports } from '../streams/make-room.ts';
import { listDeadLetters, readDeadLetter, redrive } from '../dead-letters/redrive.ts';
import { fetchMessage, storeMessage } from '../streams/stored-message.ts';
import { streams } from './topology.ts';

let server: TestNats;
let tracker: Nats;
let agent: Nats;
let ops: Nats;
beforeAll(async () => {
  server = await testNats();
  [tracker, agent, ops] = await Promise.all([
    server.connect('call-tracker'),
    server.connect('agent'),
    server.connect('ops'),
  ]);
});
afterAll(() => server.close());

async function inBatches(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < count; first += 500)
    await Promise.all(Array.from({ length: Math.min(500, count - first) }, (_, at) => work(first + at)));
}

async function bytesOf(stream: string): Promise<number> {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  return (await manager.streams.info(stream)).state.bytes;
}

test('a flood of dead letters of one durable pushes out its own oldest, and nobody else’s', async () => {
  const pusher = await server.connect('crm-pusher');
  await pusher.connection.jetstream().publish('dlq.CALLS.crm-pusher', 'the only one');
  const maxMessages = streams.DLQ.maxMessagesEach;
  await inBatches(maxMessages + 300, (at) =>
    tracker.connection.jetstream().publish('dlq.AGENT.call-tracker-agent', String(at)),
  );
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  const { state } = await manager.streams.info('DLQ', { subjects_filter: 'dlq.>' });
  expect(state.subjects).toEqual({ 'dlq.CALLS.crm-pusher': 1, 'dlq.AGENT.call-tracker-agent': maxMessages });
  const oldest = await fetchMessage(ops, 'DLQ', { seq: 1, next_by_subj: 'dlq.AGENT.call-tracker-agent' });
  expect(Number(oldest?.string())).toBeGreaterThan(0);
  // The first of them was pushed out; one that somebody deletes from the midst was not.
  const place = (oldest?.seq ?? 0) + 10;
  await manager.streams.deleteMessage('DLQ', place);
  await tracker.connection.jetstream().publish('dlq.AGENT.call-tracker-agent', 'one more');
  const isOut = (seq: number) => isPushedOut(tracker, 'DLQ', 'dlq.AGENT.call-tracker-agent', seq);
  expect([await isOut(2), await isOut(place)]).toEqual([true, false]);
});

test('a dead letter does not copy a large payload, shows it all the same, and goes back while it is there', async () => {
  const room = `call-7-${'a'.repeat(12)}`;
  const large = { room, mode: 'sarvam', qualification: 'x'.repeat(200_000) };
  const publish = (messageId: string, payload: unknown) =>
    storeMessage(agent, {
      subject: 'agent.qualified',
      stream: 'AGENT',
      messageId,
      headers: {},
      payload: JSON.stringify(payload),
    });
  const [first, second] = [await publish('large', large), await publish('small', { ...large, qualification: 'y' })];
  if (first.kind !== 'stored') throw new Error('not stored');
  const before = await bytesOf('DLQ');
  // Nobody handles it: both are given up at once.
  const consumer = consume({
    nats: tracker,
    durable: 'call-tracker-agent',
    handlers: [],
    concurrency: 1,
    log: silentLog,
  });
  const ours = async () =>
    (await listDeadLetters(ops, { durable: 'call-tracker-agent', reason: 'unknown_type' })).map(({ seq }) => seq);
  await until('both are set aside', async () => (await ours()).length === 2);
  await consumer.stop();
  expect((await bytesOf('DLQ')) - before).toBeLessThan(3_000);
  const [one = 0, other = 0] = await ours();
  expect(await readDeadLetter(ops, one)).toMatchObject({ payload: large, reason: 'unknown_type' });
  expect(await readDeadLetter(ops, other)).toMatchObject({ payload: { room, mode: 'sarvam', qualification: 'y' } });
  expect(second.kind).toBe('stored');
  const repaired = { ...large, qualification: { budget: '8 lakh' } };
  expect(await redrive(ops, { seq: one, who: 'asha', payload: repaired })).toMatchObject({ outcome: 'redriven' });

  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  await manager.streams.deleteMessage('AGENT', first.seq);
  expect((await readDeadLetter(ops, one))?.payload).toContain('gone from its stream');
  await expect(redrive(ops, { seq: one, who: 'asha' })).rejects.toThrow('gone from its stream');
  expect(await redrive(ops, { seq: one, who: 'asha', payload: repaired })).toMatchObject({ outcome: 'redriven' });
});

test('a flooded AGENT gets room again by what was settled, and what nobody has read stays', async () => {
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  await manager.streams.purge('AGENT');
  const payload = 'x'.repeat(10_000);
  await inBatches(300, () => agent.connection.jetstream().publish('agent.ready', payload));
  const genuine = await agent.connection.jetstream().publish('agent.ended', 'the last word');
  // Half full, and nothing of it read.
  const [maxBytes, unread] = [2_000_000, 100];
  expect(await makeRoomForReports(tracker, maxBytes)).toBe(0);
  const reading = await tracker.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  const settle = async (count: number): Promise<void> => {
    for await (const message of await reading.fetch({ max_messages: count, expires: 2_000 })) await message.ackAck();
  };
  await settle(60);
  await settle(60);
  await settle(60);
  await settle(21);
  expect(await makeRoomForReports(tracker, maxBytes)).toBe(300 - unread + 1);
  const { state } = await manager.streams.info('AGENT');
  expect(state.messages).toBe(unread);
  expect(await fetchMessage(ops, 'AGENT', { seq: genuine.seq })).toBeDefined();
  expect(await makeRoomForReports(tracker, maxBytes)).toBe(0);
  // Of so much nobody needs room: a month of ordinary reports is left alone, read or not.
  await settle(100);
  expect(await makeRoomForReports(tracker)).toBe(0);
});
