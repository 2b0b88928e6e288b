import { agentReady } from '@leadline/contracts/events/agent-ready';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { answer, ask, CommandRefused, CommandUnanswered } from './ask.ts';
import type { Nats } from './connect.ts';
import { listenTo } from './listen.ts';

let server: TestNats;
let dispatcher: Nats;
let ops: Nats;
beforeAll(async () => {
  server = await testNats();
  [dispatcher, ops] = await Promise.all([server.connect('dispatcher'), server.connect('ops')]);
});
afterAll(() => server.close());

const asked = z.object({ leadId: z.int() });

test('a question is answered, by one replica only', async () => {
  const second = await server.connect('dispatcher');
  let answers = 0;
  const work = async ({ leadId }: z.infer<typeof asked>): Promise<unknown> => ({ leadId, times: ++answers });
  const both = await Promise.all([dispatcher, second].map((nats) => answer(nats, 'ops.dispatcher.a', asked, work)));
  const said = z.object({ leadId: z.int(), times: z.int() });
  expect(await ask(ops, 'ops.dispatcher.a', { leadId: 7 }, said)).toEqual({ leadId: 7, times: 1 });
  expect(await ask(ops, 'ops.dispatcher.a', { leadId: 8 }, said)).toEqual({ leadId: 8, times: 2 });
  await Promise.all(both.map((answering) => answering.stop()));
});

test('what the body lacks is told by the field’s name', async () => {
  const answering = await answer(dispatcher, 'ops.dispatcher.b', asked, async () => 'never');
  const refusal = ask(ops, 'ops.dispatcher.b', { leadId: 'seven' }, z.unknown());
  await expect(refusal).rejects.toThrow(CommandRefused);
  await expect(refusal).rejects.toThrow(/^leadId: /);
  await answering.stop();
});

test('a refusal is told in the service’s words, a fault of the service without any', async () => {
  let fault: Error = new CommandRefused('leadId: there is no lead 7');
  const answering = await answer(dispatcher, 'ops.dispatcher.c', asked, async () => {
    throw fault;
  });
  const question = (): Promise<unknown> => ask(ops, 'ops.dispatcher.c', { leadId: 7 }, z.unknown());
  await expect(question()).rejects.toThrow(new CommandRefused('leadId: there is no lead 7'));
  fault = new Error('duplicate key: (phone)=(+919876543210)');
  const failure = question();
  await expect(failure).rejects.toThrow(CommandUnanswered);
  await expect(failure).rejects.not.toThrow(/9876543210/);
  await answering.stop();
});

test('a body that is not JSON is refused, and the next question is answered', async () => {
  const answering = await answer(dispatcher, 'ops.dispatcher.d', asked, async ({ leadId }) => leadId);
  const answered = await ops.connection.request('ops.dispatcher.d', '{', { timeout: 2_000 });
  expect(answered.json()).toEqual({ error: 'body: is not JSON', kind: 'refused' });
  expect(await ask(ops, 'ops.dispatcher.d', { leadId: 3 }, z.int())).toBe(3);
  await answering.stop();
});

test('nobody there, too slow and not allowed are told apart', async () => {
  await expect(ask(ops, 'ops.dispatcher.nobody', {}, z.unknown())).rejects.toThrow(
    'no service answers ops.dispatcher.nobody',
  );
  const answering = await answer(dispatcher, 'ops.dispatcher.slow', z.object({}), () => new Promise(() => undefined));
  await expect(ask(ops, 'ops.dispatcher.slow', {}, z.unknown(), 200)).rejects.toThrow('was not answered in time');
  await answering.stop();
  const agent = await server.connect('agent');
  await expect(ask(agent, 'ops.dispatcher.slow', {}, z.unknown())).rejects.toThrow('this NATS user may not ask');
});

test('a plain listener hears what fits its contract, and nothing else', async () => {
  const agent = await server.connect('agent');
  const heard: string[] = [];
  const listening = listenTo(dispatcher, agentReady, ({ room }) => heard.push(room));
  await dispatcher.connection.flush();
  agent.connection.publish('agent.ready', 'not json');
  agent.connection.publish('agent.ready', JSON.stringify({ room: 5 }));
  agent.connection.publish('agent.ready', JSON.stringify({ room: 'call-1-abcdefghijkl' }));
  await until('heard', () => heard.length > 0);
  expect(heard).toEqual(['call-1-abcdefghijkl']);
  await listening.stop();
});

test('a service that loses NATS while it begins to answer answers when it is back', async () => {
  process.kill(server.server().pid, 'SIGSTOP');
  const beginning = answer(dispatcher, 'ops.dispatcher.e', asked, async ({ leadId }) => leadId);
  await server.restart('kill');
  const answering = await beginning;
  const answered = await until('it answers', () => ask(ops, 'ops.dispatcher.e', { leadId: 5 }, z.int(), 500));
  expect(answered).toBe(5);
  await answering.stop();
});
