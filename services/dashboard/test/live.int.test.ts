import { toHeaders } from '@leadline/contracts/envelope';
import type { Nats } from '@leadline/messaging/connect';
import { storeMessage } from '@leadline/messaging/stored-message';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
let ops: Nats;
let person: Visitor;
let stopped = false;
beforeAll(async () => {
  stand = await startStand();
  ops = await stand.nats.connect('ops');
  person = await stand.as('viewer');
});
afterAll(async () => {
  if (!stopped) await stand.dashboard.stop();
  await stand.nats.close();
  await stand.db.drop();
});

async function publish(type: 'lead.created' | 'lead.failed', leadId: number, source: string): Promise<void> {
  const id = `${type}-${leadId}`;
  const stored = await storeMessage(ops, {
    subject: type,
    stream: 'LEADS',
    messageId: id,
    headers: toHeaders({ id, type, source: 'test', subject: `lead/${leadId}`, time: new Date() }),
    payload: JSON.stringify({
      leadId,
      source,
      ...(type === 'lead.created' ? { enquiredAt: new Date().toISOString() } : { reason: 'too_old' }),
    }),
  });
  expect(stored.kind).toBe('stored');
}

type Message = { id: string; lead: string; type: string };

/** What a browser's EventSource hears. */
async function openStream(query: string, lastEventId?: string) {
  const end = new AbortController();
  const response = await fetch(`${stand.url}/live/stream${query}`, {
    headers: {
      cookie: `leadline-session=${person.cookies.get('leadline-session')}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: end.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const heard: Message[] = [];
  let ended = false;
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n')) {
        const message = text.slice(0, at);
        text = text.slice(at + 2);
        const [, id = ''] = /^id: (.*)$/m.exec(message) ?? [];
        const [, lead = ''] = /href="\/leads\/(\d+)"/.exec(message) ?? [];
        const [, type = ''] = /<code>(.*?)<\/code>/.exec(message) ?? [];
        if (message.startsWith('event:')) heard.push({ id, lead, type });
      }
    }
  };
  const reading = read()
    .catch(() => undefined)
    .finally(() => (ended = true));
  return { heard, isEnded: () => ended, close: () => (end.abort(), reading) };
}
const seen = (stream: { heard: Message[] }) => stream.heard.map(({ lead, type }) => `${type} ${lead}`);

test('a stream begins with what was, goes on with what comes, and tells each once', async () => {
  await publish('lead.created', 1, 'website');
  await until('it is kept', async () => (await person.get('/live')).text.includes('lead 1'));
  const stream = await openStream('');
  await until('the back-fill', () => stream.heard.length > 0);
  await publish('lead.created', 2, 'website');
  await publish('lead.failed', 2, 'website');
  await until('what comes', () => stream.heard.length === 3);
  expect(seen(stream).toSorted()).toEqual(['lead.created 1', 'lead.created 2', 'lead.failed 2']);
  await stream.close();
});

test.for([
  ['?subject=lead.failed', ['lead.failed 2', 'lead.failed 4']],
  ['?failed=yes', ['lead.failed 2', 'lead.failed 4']],
  ['?source=indiamart', ['lead.created 3', 'lead.created 4', 'lead.failed 4']],
  ['?lead=4', ['lead.created 4', 'lead.failed 4']],
  ['?lead=4&failed=yes', ['lead.failed 4']],
  ['?subject=call.', []],
] as const)('%s is filtered by the server, in the page and in the stream', async ([query, expected]) => {
  const known = await stand.db.query(`select 1 from lead_events where lead_id = 4`);
  if (known.length === 0) {
    await publish('lead.created', 3, 'indiamart');
    await publish('lead.created', 4, 'indiamart');
    await publish('lead.failed', 4, 'indiamart');
    await until('they are kept', async () => (await stand.db.query(`select 1 from lead_events`)).length === 6);
  }
  const { text } = await person.get(`/live${query}`);
  expect(text.match(/<li id="event-/g)?.length ?? 0).toBe(expected.length);
  const stream = await openStream(query);
  await until('all of them', () => stream.heard.length >= expected.length);
  expect(seen(stream).toSorted()).toEqual([...expected].toSorted());
  await stream.close();
});

test('a browser that was cut off hears what it missed', async () => {
  const stream = await openStream('');
  await until('the back-fill', () => stream.heard.length === 6);
  const last = stream.heard.at(-1)?.id ?? '';
  await stream.close();
  await publish('lead.created', 5, 'website');
  await until('it is kept', async () => (await person.get('/live')).text.includes('lead 5'));
  const again = await openStream('', last);
  await until('what was missed', () => seen(again).includes('lead.created 5'));
  expect(new Set(again.heard.map(({ id }) => id)).size).toBe(again.heard.length);
  await again.close();
});

test('what came late is not told as new, where newer events fill the page', async () => {
  // The first that is kept is the newest: 250 events, kept against the order in which they happened.
  await stand.db.query(
    `insert into lead_events (event_id, generation, stream, type, at, lead_id, source, data)
     select 'late-' || n, 1, 'LEADS', 'lead.created', clock_timestamp() - make_interval(secs => n), 5000 + n, 'shuffled', '{}'
       from generate_series(1, 250) as n order by n`,
  );
  const stream = await openStream('?source=shuffled');
  await until('the back-fill', () => stream.heard.length >= 200);
  await publish('lead.created', 6000, 'shuffled');
  await until('what comes', () => seen(stream).includes('lead.created 6000'));
  const leads = stream.heard.map(({ lead }) => Number(lead));
  expect(leads.filter((lead) => lead > 5200 && lead < 6000)).toEqual([]);
  expect(leads).toHaveLength(201);
  await stream.close();
});

test('a name with markup in it stays text', async () => {
  const [lead] = await stand.db.query<{ id: number }>(
    `insert into leads (name, phone, source, query_message) values ($1, '+919000000042', $1, $1) returning id`,
    [`<img src=x onerror=alert(1)>"'`],
  );
  for (const path of [`/leads/${lead?.id}`, '/leads', '/']) {
    const { text } = await person.get(path);
    expect(text).not.toContain('<img src=x');
  }
});

test('a stop of the service ends its streams in order', async () => {
  const stream = await openStream('');
  await until('it runs', () => stream.heard.length > 0);
  stopped = true;
  await stand.dashboard.stop();
  await until('the stream has ended', () => stream.isEnded());
  expect(stream.heard.length).toBeGreaterThan(0);
});
