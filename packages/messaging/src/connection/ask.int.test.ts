import { command } from '@leadline/contracts/command';
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

const subject = (verb: string) => `ops.dispatcher.${verb}`;
const body = z.object({ leadId: z.int() });
const summary = 'Made for this test';
const count = command({ subject: subject('a'), summary, body, result: z.object({ leadId: z.int(), times: z.int() }) });
/** Its answer is the lead's id. */
const echo = (verb: string) => command({ subject: subject(verb), summary, body, result: z.int() });
const silent = (verb: string) => command({ subject: subject(verb), summary, body: z.object({}), result: z.unknown() });

test('a question is answered, by one replica only', async () => {
  const second = await server.connect('dispatcher');
  let answers = 0;
  const work = async ({ leadId }: { leadId: number }) => ({ leadId, times: ++answers });
  const responders = await Promise.all([dispatcher, second].map((nats) => answer(nats, count, work)));
  expect(await ask(ops, count, { leadId: 7 })).toEqual({ leadId: 7, times: 1 });
  expect(await ask(ops, count, { leadId: 8 })).toEqual({ leadId: 8, times: 2 });
  await Promise.all(responders.map((responder) => responder.stop()));
});

test('what the body lacks is told by the field’s name', async () => {
  const answering = await answer(dispatcher, echo('b'), async () => 0);
  const refusal = ask(ops, echo('b'), { leadId: 7.5 });
  await expect(refusal).rejects.toThrow(CommandRefused);
  await expect(refusal).rejects.toThrow(/^leadId: /);
  await answering.stop();
});

test('a refusal is told in the service’s words, a fault of the service without any', async () => {
  let fault: Error = new CommandRefused('leadId: there is no lead 7');
  const answering = await answer(dispatcher, echo('c'), async () => {
    throw fault;
  });
  const question = (): Promise<unknown> => ask(ops, echo('c'), { leadId: 7 });
  await expect(question()).rejects.toThrow(new CommandRefused('leadId: there is no lead 7'));
  fault = new Error('duplicate key: (phone)=(+919876543210)');
  const failure = question();
  await expect(failure).rejects.toThrow(CommandUnanswered);
  await expect(failure).rejects.not.toThrow(/9876543210/);
  await answering.stop();
});

test('a body that is not JSON is refused, and the next question is answered', async () => {
  const answering = await answer(dispatcher, echo('d'), async ({ leadId }) => leadId);
  const answered = await ops.connection.request('ops.dispatcher.d', '{', { timeout: 2_000 });
  expect(answered.json()).toEqual({ error: 'body: is not JSON', kind: 'refused' });
  expect(await ask(ops, echo('d'), { leadId: 3 })).toBe(3);
  await answering.stop();
});

test('nobody there, too slow and not allowed are told apart', async () => {
  await expect(ask(ops, silent('nobody'), {})).rejects.toThrow('no service answers ops.dispatcher.nobody');
  const answering = await answer(dispatcher, silent('slow'), () => new Promise(() => undefined));
  await expect(ask(ops, silent('slow'), {}, 200)).rejects.toThrow('was not answered in time');
  await answering.stop();
  const agent = await server.connect('agent');
  await expect(ask(agent, silent('slow'), {})).rejects.toThrow('this NATS user may not ask');
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
  const beginning = answer(dispatcher, echo('e'), async ({ leadId }) => leadId);
  await server.restart('kill');
  const answering = await beginning;
  const answered = await until('it answers', () => ask(ops, echo('e'), { leadId: 5 }, 500));
  expect(answered).toBe(5);
  await answering.stop();
});
