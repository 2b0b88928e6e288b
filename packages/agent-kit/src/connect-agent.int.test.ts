import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAgent, type Agent } from './connect-agent.ts';

const room = 'call-7-k3v9x2m4q8w1';
let nats: TestNats;
let agent: Agent;
let time = new Date('2026-11-24T05:30:00.000Z');

beforeAll(async () => {
  nats = await testNats();
  agent = await connectAgent({ url: nats.url, ...nats.user('agent'), now: () => time });
});
afterAll(async () => {
  await agent.close();
  await nats.close();
});

async function stored(subject: string): Promise<{ payload: unknown; header: (name: string) => string }[]> {
  const ops = await nats.connect('ops');
  const consumer = await ops.connection.jetstream().consumers.get('AGENT', { filterSubjects: subject });
  const reports: { payload: unknown; header: (name: string) => string }[] = [];
  const messages = await consumer.fetch({ max_messages: 100, expires: 1_000 });
  for await (const message of messages) {
    reports.push({ payload: message.json(), header: (name) => message.headers?.get(name) ?? '' });
    if (message.info.pending === 0) messages.stop();
  }
  await ops.close();
  return reports;
}

test('a report is stored with its CloudEvents headers', async () => {
  await agent.ready(room);
  const [ready] = await stored('agent.ready');
  expect(ready?.payload).toEqual({ room });
  expect(ready?.header('ce-type')).toBe('agent.ready');
  expect(ready?.header('ce-subject')).toBe(room);
  expect(ready?.header('ce-time')).toBe(time.toISOString());
});

test('the same report again is stored once, a correction and a fuller one are not swallowed', async () => {
  await agent.qualified(room, 'sarvam', { budget: '8 lakh' });
  await agent.qualified(room, 'sarvam', { budget: '8 lakh' });
  await agent.qualified(room, 'sarvam', { budget: '9 lakh' });
  time = new Date(time.getTime() + 1_000);
  await agent.qualified(room, 'sarvam', { budget: '8 lakh' });
  const reports = await stored('agent.qualified');
  expect(reports.map((report) => report.payload)).toEqual(
    ['8 lakh', '9 lakh', '8 lakh'].map((budget) => ({ room, mode: 'sarvam', qualification: { budget } })),
  );
});

test('what does not fit the contract is refused before it is sent', () => {
  expect(() => agent.qualified(room, 'A parrot!', {})).toThrow(/mode/);
});

test('what a language model wrote is handed on as it is, and of too many answers what fits', async () => {
  await agent.ended(room, { by: 'callee', doNotCall: 'haan', callbackAt: 'kal shaam ko' });
  await agent.ended(room, { by: 'callee', callbackAt: new Date(Number.NaN) });
  expect((await stored('agent.ended')).map((report) => report.payload)).toEqual([
    { room, endedBy: 'callee', doNotCall: 'haan', callbackAt: 'kal shaam ko' },
    { room, endedBy: 'callee', doNotCall: false, callbackAt: null },
  ]);
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, no) => [`k${no}`, '😀\n'.repeat(5_000)]));
  await agent.qualified(room, 'sarvam', { budget: ['8 lakh'], ...many });
  const report = (await stored('agent.qualified')).at(-1)?.payload;
  expect(report).toMatchObject({ room, mode: 'sarvam', qualification: { budget: '8 lakh' } });
});

test('who answered and what became of it are handed on as they are', async () => {
  await agent.answeredBy(room, { category: 'machine-vm', afterMs: 2_400, messageLeft: true });
  expect((await stored('agent.answered_by')).at(-1)?.payload).toEqual({
    room,
    category: 'machine-vm',
    afterMs: 2_400,
    messageLeft: true,
  });
  await agent.ended(room, { by: 'callee', disposition: 'language_barrier', language: 'Tamil' });
  expect((await stored('agent.ended')).at(-1)?.payload).toMatchObject({
    disposition: 'language_barrier',
    language: 'Tamil',
  });
});

test('a report made while the server restarts arrives', async () => {
  const restarting = nats.restart('kill');
  const reported = agent.ended(room, { by: 'callee', doNotCall: true });
  await restarting;
  await reported;
  expect((await stored('agent.ended')).at(-1)?.payload).toEqual({
    room,
    endedBy: 'callee',
    doNotCall: true,
    callbackAt: null,
  });
});
