import { explain } from '@leadline/contracts/commands/lead';
import { allEvents } from '@leadline/contracts/events/all';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { NatsError } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import type { NatsUser } from './permissions.ts';
import { durables } from './topology.ts';

let server: TestNats;
beforeAll(async () => {
  server = await testNats();
});
afterAll(() => server.close());

const events = allEvents.map(({ type }) => type);
const api = '$JS.API';

/** What each user may publish among all that is tried below; everything else must be refused. */
const mayPublish: Record<Exclude<NatsUser, 'provisioner'>, string[]> = {
  ingest: ['lead.created', 'lead.enquiry_added', `${api}.STREAM.MSG.GET.LEADS`],
  dispatcher: [
    'lead.dispatched',
    'lead.retry_scheduled',
    'lead.postponed',
    'lead.failed',
    'lead.callback_promised',
    'lead.callback_moved',
    'lead.callback_closed',
    'call.dialing',
    'call.answered',
    'call.dial_failed',
    'dlq.LEADS.dispatcher-leads',
    'dlq.CALLS.dispatcher-calls',
    `${api}.STREAM.MSG.GET.LEADS`,
    `${api}.STREAM.MSG.GET.CALLS`,
    `${api}.STREAM.MSG.GET.DLQ`,
    ...durable('LEADS', 'dispatcher-leads'),
    ...durable('CALLS', 'dispatcher-calls'),
    ...durable('ADVISORIES', 'advisories-dispatcher'),
  ],
  'call-tracker': [
    'call.ringing',
    'call.qualified',
    'call.failed',
    'call.ended',
    'dlq.CALLS.call-tracker-calls',
    'dlq.AGENT.call-tracker-agent',
    `${api}.STREAM.MSG.GET.CALLS`,
    `${api}.STREAM.MSG.GET.AGENT`,
    `${api}.STREAM.MSG.GET.DLQ`,
    `${api}.STREAM.INFO.AGENT`,
    `${api}.STREAM.INFO.DLQ`,
    `${api}.STREAM.MSG.DELETE.AGENT`,
    `${api}.STREAM.MSG.DELETE.DLQ`,
    ...durable('CALLS', 'call-tracker-calls'),
    ...durable('AGENT', 'call-tracker-agent'),
    ...durable('ADVISORIES', 'advisories-call-tracker'),
  ],
  'crm-pusher': [
    'call.pushed',
    'call.push_failed',
    'dlq.CALLS.crm-pusher',
    `${api}.STREAM.MSG.GET.CALLS`,
    `${api}.STREAM.MSG.GET.DLQ`,
    ...durable('CALLS', 'crm-pusher'),
    ...durable('ADVISORIES', 'advisories-crm-pusher'),
  ],
  agent: [
    'agent.ready',
    'agent.alive',
    'agent.answered_by',
    'agent.qualified',
    'agent.callback_requested',
    'agent.ended',
  ],
  dashboard: unique([
    'ops.dispatcher.explain',
    'ops.ingest.receipts',
    ...reading(),
    'dlq.LEADS.dashboard-leads',
    'dlq.CALLS.dashboard-calls',
    'dlq.AGENT.dashboard-agent',
    ...durable('LEADS', 'dashboard-leads'),
    ...durable('CALLS', 'dashboard-calls'),
    ...durable('AGENT', 'dashboard-agent'),
    ...durable('ADVISORIES', 'advisories-dashboard'),
  ]),
  ops: [...events, 'dlq.redriven.by.1', 'ops.dispatcher.explain', 'ops.ingest.receipts', ...reading()],
};

function unique(subjects: string[]): string[] {
  return [...new Set(subjects)];
}

function durablesOf(stream: string): string[] {
  return Object.entries(durables).flatMap(([name, definition]) => (definition.stream === stream ? [name] : []));
}

function durable(stream: string, name: string): string[] {
  return [
    `${api}.CONSUMER.INFO.${stream}.${name}`,
    `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.ACK.${stream}.${name}.1.1.1.1.0`,
    `$JS.ACK._.hash.${stream}.${name}.1.1.1.1.0`,
  ];
}

function reading(): string[] {
  return ['LEADS', 'CALLS', 'AGENT', 'DLQ', 'ADVISORIES'].flatMap((stream) => [
    `${api}.STREAM.INFO.${stream}`,
    `${api}.STREAM.MSG.GET.${stream}`,
    `${api}.CONSUMER.CREATE.${stream}.abc`,
    `${api}.CONSUMER.CREATE.${stream}`,
    ...durablesOf(stream).flatMap((name) => [
      `${api}.CONSUMER.INFO.${stream}.${name}`,
      `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
    ]),
  ]);
}

const tried = [
  ...new Set([
    ...Object.values(mayPublish).flat(),
    'lead.deleted',
    'agent.typing',
    'dlq.LEADS.crm-pusher',
    'anything.else',
    `${api}.INFO`,
    ...['LEADS', 'CALLS', 'AGENT', 'DLQ', 'ADVISORIES'].flatMap((stream) => [
      `${api}.STREAM.CREATE.${stream}`,
      `${api}.STREAM.UPDATE.${stream}`,
      `${api}.STREAM.DELETE.${stream}`,
      `${api}.STREAM.PURGE.${stream}`,
      `${api}.STREAM.MSG.DELETE.${stream}`,
      `${api}.CONSUMER.DURABLE.CREATE.${stream}.mine`,
      `${api}.CONSUMER.DELETE.${stream}.dispatcher-leads`,
    ]),
    '_INBOX_ingest.abc',
    '$SYS.REQ.SERVER.PING',
  ]),
];

async function isRefused(nats: Nats, subject: string): Promise<boolean> {
  const refusal = nats.connection.request(subject, 'not json', { timeout: 10_000 }).then(
    () => false,
    (error: unknown) => error instanceof NatsError && error.isPermissionError(),
  );
  // The server answers in order: a refusal comes before the answer to what is sent after it, however slow both are.
  const passed = nats.connection.flush().then(() => nats.connection.flush());
  return Promise.race([refusal, passed.then(() => false)]);
}

async function maySubscribe(nats: Nats, subject: string): Promise<boolean> {
  let refused = false;
  const subscription = nats.connection.subscribe(subject, {
    callback: (error) => {
      if (error !== null) refused = true;
    },
  });
  await nats.connection.flush();
  subscription.unsubscribe();
  return !refused;
}

describe.for(Object.entries(mayPublish))('the user %s', ([user, allowed]) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries forgets the keys' type
  const name = user as NatsUser;

  test('may publish what its work needs and nothing else', async () => {
    const nats = await server.connect(name);
    const extra = user === 'ops' ? ['lead.deleted', 'agent.typing'] : [];
    const passed = (
      await Promise.all(tried.map(async (subject) => ((await isRefused(nats, subject)) ? undefined : subject)))
    ).filter((subject) => subject !== undefined);
    expect(passed.toSorted()).toEqual([...allowed, ...extra].toSorted());
  });

  test('may hear its own inbox and what it answers, and nothing else', async () => {
    const nats = await server.connect(name);
    const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'];
    const heard = ['lead.>', 'call.>', 'agent.>', 'agent.qualified', 'agent.ready', 'dlq.>'];
    const own = [
      `_INBOX_${user}.>`,
      ...(services.includes(user) ? [`ops.${user}.>`, `ops.${user}.explain`] : []),
      ...(user === 'dispatcher' ? ['agent.ready'] : []),
      ...(user === 'ops' ? heard : []),
    ];
    const foreign = [
      '>',
      '_INBOX.>',
      ...heard,
      'ops.>',
      '$JS.>',
      ...['provisioner', ...Object.keys(mayPublish)]
        .filter((other) => other !== user)
        .flatMap((other) => [`_INBOX_${other}.>`, `ops.${other}.>`]),
    ].filter((subject) => !own.includes(subject));
    for (const subject of own) expect([subject, await maySubscribe(nats, subject)]).toEqual([subject, true]);
    for (const subject of foreign) expect([subject, await maySubscribe(nats, subject)]).toEqual([subject, false]);
  });
});

test('an agent’s acknowledgement comes to the agent and to nobody else, whatever reply its report names', async () => {
  const [agent, ops, dispatcher] = await Promise.all([
    server.connect('agent'),
    server.connect('ops'),
    server.connect('dispatcher'),
  ]);
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager();
  const lastSeqs = (): Promise<number[]> =>
    Promise.all(['LEADS', 'CALLS', 'DLQ'].map(async (name) => (await manager.streams.info(name)).state.last_seq));
  const before = await lastSeqs();
  const heard: string[] = [];
  const hear = (nats: Nats, subject: string): void => {
    nats.connection.subscribe(subject, { callback: (_, message) => heard.push(message.subject) });
  };
  for (const subject of ['lead.>', 'call.>', 'dlq.>']) hear(ops, subject);
  hear(dispatcher, 'ops.dispatcher.>');
  hear(ops, '_INBOX_ops.stolen');
  await Promise.all([ops.connection.flush(), dispatcher.connection.flush()]);
  const replies = [
    ...events.filter((subject) => !subject.startsWith('agent.')),
    'lead.deleted',
    'dlq.LEADS.crm-pusher',
    'dlq.redriven.by.1',
    'ops.dispatcher.stop_dialling',
    '_INBOX_ops.stolen',
    `${api}.STREAM.PURGE.LEADS`,
    `${api}.STREAM.MSG.DELETE.LEADS`,
    `${api}.STREAM.DELETE.LEADS`,
    '$JS.ACK.LEADS.dispatcher-leads.1.1.1.1.0',
    '$SYS.REQ.SERVER.PING',
  ];
  for (const subject of [
    'agent.ready',
    'agent.answered_by',
    'agent.qualified',
    'agent.callback_requested',
    'agent.ended',
  ])
    for (const reply of replies) agent.connection.publish(subject, '{}', { reply });
  await agent.connection.flush();
  // What it says arrives, and is confirmed to it; by then the others are stored and answered too.
  const stored = await agent.connection.jetstream().publish('agent.ended', '{}', { msgID: 'last' });
  expect(stored).toMatchObject({ stream: 'AGENT', duplicate: false });
  expect(stored.seq).toBeGreaterThan(3 * replies.length);
  expect((await agent.connection.jetstream().publish('agent.ended', '{}', { msgID: 'last' })).duplicate).toBe(true);
  expect(heard).toEqual([]);
  expect(await lastSeqs()).toEqual(before);
});

test('a wrong password is refused', async () => {
  const { connect } = await import('nats');
  await expect(connect({ servers: server.url, user: 'ops', pass: 'guess', reconnect: false })).rejects.toThrow(
    /Authorization/i,
  );
});

test('a service may answer an asker whose inbox it may not publish to by itself', async () => {
  const { answer, ask } = await import('../connection/ask.ts');
  const dispatcher = await server.connect('dispatcher');
  const ops = await server.connect('ops');
  const answering = await answer(dispatcher, explain, async () => ({ kind: 'dial' }));
  expect(await ask(ops, explain, { leadId: 21 })).toEqual({ kind: 'dial' });
  await answering.stop();
  expect(await isRefused(dispatcher, '_INBOX_ops.abc')).toBe(true);
});

test('a reader tails a stream with an ordered consumer, without being allowed to delete one', async () => {
  const agent = await server.connect('agent');
  const dashboard = await server.connect('dashboard');
  await agent.connection.jetstream().publish('agent.ready', '{"room":"a"}', { msgID: 'tailed' });
  const consumer = await dashboard.connection.jetstream().consumers.get('AGENT', { filterSubjects: 'agent.ready' });
  const message = await consumer.next({ expires: 1_000 });
  expect(message?.subject).toBe('agent.ready');
});

test('a reader reads by several subjects at once, and can not make a durable that way', async () => {
  const dashboard = await server.connect('dashboard');
  const make = async (config: object): Promise<string | undefined> => {
    const asked = JSON.stringify({ stream_name: 'AGENT', config, action: 'create' });
    const answered = (await dashboard.connection.request(`${api}.CONSUMER.CREATE.AGENT`, asked)).json<{
      error?: { description: string };
    }>();
    return answered.error?.description;
  };
  const filters = { ack_policy: 'none', filter_subjects: ['agent.ready', 'agent.ended'], inactive_threshold: 1e9 };
  expect(await make(filters)).toBeUndefined();
  expect(await make({ ...filters, durable_name: 'mine' })).toContain('durable');
});
