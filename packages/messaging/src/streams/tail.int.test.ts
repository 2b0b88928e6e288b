import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storeMessage } from './stored-message.ts';
import { readEnds, readStored, tail, type Tailed } from './tail.ts';

let server: TestNats;
beforeEach(async () => {
  server = await testNats();
});
afterEach(() => server.close());

async function say(...rooms: number[]): Promise<void> {
  const agent = await server.connect('agent');
  for (const room of rooms)
    await until('stored', async () => {
      const payload = JSON.stringify({ room: `r${room}` });
      const message = { subject: 'agent.ready', stream: 'AGENT', messageId: `m${room}`, headers: {}, payload };
      return (await storeMessage(agent, message)).kind === 'stored';
    });
}

test('a tail tells all there is, then what comes, in order, across a killed server', async () => {
  const dashboard = await server.connect('dashboard');
  await say(1, 2, 3);
  const seen: Tailed[] = [];
  const tailing = tail(dashboard, 'AGENT', {}, (message) => seen.push(message));
  await until('the first are seen', () => seen.length === 3);
  await say(4);
  await until('the next is seen', () => seen.length === 4);
  await server.restart('kill');
  await say(5, 6);
  await until('the last are seen', () => seen.length === 6);
  expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(seen[5]).toMatchObject({ stream: 'AGENT', subject: 'agent.ready', payload: { room: 'r6' } });
  await tailing.stop();
  await say(7);
  expect(seen).toHaveLength(6);
});

test('a tail begins after a message, or at a time', async () => {
  const ops = await server.connect('ops');
  await say(1, 2, 3);
  const after: number[] = [];
  const since: number[] = [];
  const tails = [
    tail(ops, 'AGENT', { after: 2 }, ({ seq }) => after.push(seq)),
    tail(ops, 'AGENT', { since: new Date(Date.now() + 200) }, ({ seq }) => since.push(seq)),
  ];
  await until('the third is seen', () => after.length === 1);
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  await say(4);
  await until('the fourth is seen by both', () => after.length === 2 && since.length === 1);
  expect([after, since]).toEqual([[3, 4], [4]]);
  await Promise.all(tails.map((reading) => reading.stop()));
});

test('what is stored is read to its end, by subjects, and no further', async () => {
  const ops = await server.connect('ops');
  await say(1, 2, 3);
  const { first, last } = await readEnds(ops, 'AGENT');
  expect([first, last]).toEqual([1, 3]);
  const read = async (from: Parameters<typeof readStored>[2], upTo: number): Promise<number[]> => {
    const found: number[] = [];
    for await (const { seq } of readStored(ops, 'AGENT', from, upTo)) found.push(seq);
    return found;
  };
  expect(await read({}, last)).toEqual([1, 2, 3]);
  expect(await read({}, 2)).toEqual([1, 2]);
  expect(await read({ after: 1 }, last)).toEqual([2, 3]);
  expect(await read({ since: new Date(Date.now() + 60_000) }, last)).toEqual([]);
  expect(await read({ subjects: ['agent.ready'] }, last)).toEqual([1, 2, 3]);
  expect(await read({ subjects: ['agent.ready', 'agent.ended'] }, last)).toEqual([1, 2, 3]);
  expect(await read({ subjects: ['agent.ended'] }, last)).toEqual([]);
  expect(await readEnds(ops, 'CALLS')).toEqual({ first: 0, last: 0 });
});

test('reading what is stored ends although what was still to come is erased, and goes on across a killed server', async () => {
  const ops = await server.connect('ops');
  await say(...Array.from({ length: 1_200 }, (_, n) => n + 1));
  const reading = readStored(ops, 'AGENT', {}, 1_200);
  const found: number[] = [];
  for await (const { seq } of reading) {
    found.push(seq);
    if (seq === 100) await server.restart('kill');
    if (seq !== 600) continue;
    const provisioner = await server.connect('provisioner');
    const manager = await provisioner.connection.jetstreamManager();
    await manager.streams.purge('AGENT', { seq: 1_201 });
  }
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(new Set(found).size).toBe(found.length);
  expect(found.length).toBeGreaterThanOrEqual(600);
});
