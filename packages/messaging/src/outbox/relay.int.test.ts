import { serviceOf, type PublishingService } from '@leadline/contracts/services';
import { callAnswered } from '@leadline/contracts/events/call-answered';
import { callDialing } from '@leadline/contracts/events/call-dialing';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import type { Database } from '@leadline/database/open-database';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { nanos, type StoredMsg } from 'nats';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Nats } from '../connection/connect.ts';
import { enqueue, enqueueMany } from './outbox.ts';
import { provision } from '../topology/provision.ts';
import { startRelay, type Relay } from './relay.ts';
import { fetchMessage } from '../streams/stored-message.ts';

let server: TestNats;
let database: TestDatabase;
let ingest: Database;
let relays: Relay[] = [];
beforeEach(async () => {
  [server, database] = await Promise.all([testNats(), testDatabase()]);
  ingest = await database.open('ingest');
});
afterEach(async () => {
  await Promise.all(relays.map((one) => one.stop()));
  relays = [];
  await Promise.all([server.close(), database.drop()]);
});

async function relay(service: PublishingService, nats?: Nats, writer?: Database): Promise<Relay> {
  const connection = nats ?? (await server.connect(service));
  const started = startRelay({
    databaseUrl: database.roleUrls[serviceOf(service).key],
    nats: connection,
    service,
    log: silentLog,
    ...(writer === undefined ? {} : { writer }),
  });
  relays.push(started);
  return started;
}

function lead(leadId: number, subject = `lead/${leadId}`): Parameters<typeof enqueue<typeof leadCreated>>[3] {
  return { subject, data: { leadId, source: 'test', enquiredAt: new Date().toISOString() } };
}

async function enqueueLeads(...ids: number[]): Promise<void> {
  await ingest.transaction((sql) =>
    enqueueMany(
      sql,
      'ingest',
      leadCreated,
      ids.map((id) => lead(id)),
    ),
  );
}

async function stored(stream = 'LEADS'): Promise<StoredMsg[]> {
  const ops = await server.connect('ops');
  const messages: StoredMsg[] = [];
  for (let seq = 1; ;) {
    const message = await fetchMessage(ops, stream, { seq, next_by_subj: '>' });
    if (message === undefined) break;
    messages.push(message);
    seq = message.seq + 1;
  }
  await ops.close();
  return messages;
}

async function leadIds(): Promise<number[]> {
  const ids = (await stored()).map((message) => leadCreated.schema.parse(message.json()).leadId);
  return ids.toSorted((a, b) => a - b);
}

async function manager(): ReturnType<Nats['connection']['jetstreamManager']> {
  return (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
}

async function unpublished(table = 'ingest_outbox'): Promise<number> {
  const [found] = await database.query<{ n: number }>(
    `select count(*)::int as n from ${table} where published_at is null`,
  );
  return found?.n ?? 0;
}

test('an event is published if and only if its transaction commits', async () => {
  await relay('ingest');
  await enqueueLeads(1);
  await expect(
    ingest.transaction(async (sql) => {
      await enqueue(sql, 'ingest', leadCreated, lead(2));
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await enqueueLeads(3);
  await until('both are stored', async () => (await stored()).length === 2);
  expect(await leadIds()).toEqual([1, 3]);
});

test('a published event carries its envelope, and its row’s id as message id', async () => {
  await relay('ingest');
  await enqueueLeads(7);
  const message = await until('stored', async () => (await stored())[0]);
  const [row] = await database.query<{ id: string }>('select id from ingest_outbox');
  const id = row?.id;
  expect([...message.header].map(([name, values]) => [name, values[0]])).toEqual(
    expect.arrayContaining([
      ['Nats-Msg-Id', id],
      ['ce-id', id],
      ['ce-type', 'lead.created'],
      ['ce-source', 'ingest'],
      ['ce-subject', 'lead/7'],
      ['ce-specversion', '1.0'],
    ]),
  );
});

test.for(['of another process', 'of its own process'])(
  'a commit %s wakes the relay, faster than it would look by itself',
  async (whose) => {
    const running = await relay('ingest', undefined, whose === 'of its own process' ? ingest : undefined);
    await until('it relays', () => running.state() === 'relaying');
    const tail = await server.connect('ops');
    const arrivedAfter: number[] = [];
    for (let n = 1; n <= 5; n++) {
      const committedAt = performance.now();
      await enqueueLeads(n);
      await until('stored', async () => (await fetchMessage(tail, 'LEADS', { seq: n })) !== undefined);
      arrivedAfter.push(performance.now() - committedAt);
    }
    expect(Math.min(...arrivedAfter)).toBeLessThan(300);
  },
);

test('a stop marks what was published', async () => {
  const running = await relay('ingest');
  await enqueueLeads(1, 2, 3);
  await until('stored', async () => (await stored()).length === 3);
  await running.stop();
  expect(await unpublished()).toBe(0);
});

test('an event is refused whose payload its contract does not know, or whose service may not say it', async () => {
  const enquiredAt = 'yesterday';
  await expect(
    ingest.transaction((sql) =>
      enqueue(sql, 'ingest', leadCreated, { subject: 'lead/1', data: { leadId: 1, source: 'x', enquiredAt } }),
    ),
  ).rejects.toThrow(/enquiredAt/);
  const dialing = { leadId: 1, source: 'x', room: 'r', callId: 1, attempt: 1 };
  await expect(
    ingest.transaction((sql) => enqueue(sql, 'ingest', callDialing, { subject: 'call/1', data: dialing })),
  ).rejects.toThrow('call.dialing is not ingest');
});

test('events of one aggregate keep their order, those of another do not wait for them', async () => {
  const dispatcher = await database.open('dispatcher');
  for (let call = 1; call <= 30; call++) {
    const facts = { leadId: call, source: 'x', room: `r${call}`, callId: call };
    await dispatcher.transaction(async (sql) => {
      await enqueue(sql, 'dispatcher', callDialing, { subject: `call/${call}`, data: { ...facts, attempt: 1 } });
      const answeredAt = new Date().toISOString();
      await enqueue(sql, 'dispatcher', callAnswered, {
        subject: `call/${call}`,
        data: { ...facts, answeredAt, sipCallId: 'SC_1' },
      });
    });
  }
  await relay('dispatcher');
  const messages = await until('all are stored', async () => {
    const all = await stored('CALLS');
    return all.length === 60 && all;
  });
  for (const [, own] of Map.groupBy(messages, (message) => message.header.get('ce-subject')))
    expect(own.map(({ subject }) => subject)).toEqual(['call.dialing', 'call.answered']);
});

test('a row that can never be stored is marked as failed and holds up nobody', async () => {
  const id = randomUUID();
  await database.query(
    `insert into ingest_outbox (id, aggregate, subject, headers, payload)
     values ($1, 'lead/1', 'lead.created', '{}', jsonb_build_object('long', repeat('x', 70000))),
            (gen_random_uuid(), 'lead/1', 'call.failed', '{}', '{}')`,
    [id],
  );
  await enqueueLeads(1);
  await relay('ingest');
  await until('the third is stored', async () => (await stored()).length === 1);
  const failed = await until('both are marked', async () => {
    const rows = await database.query<{ subject: string; last_error: string }>(
      'select subject, last_error from ingest_outbox where failed_at is not null order by seq',
    );
    return rows.length === 2 && rows;
  });
  expect(failed).toEqual([
    { subject: 'lead.created', last_error: '400/10054' },
    { subject: 'call.failed', last_error: 'PERMISSIONS_VIOLATION' },
  ]);
});

test('a full stream holds its events up and no other stream’s, and nothing is lost', async () => {
  const streams = await manager();
  await streams.streams.update('LEADS', { max_msgs: 1 });
  const dispatcher = await database.open('dispatcher');
  await database.query(
    `insert into dispatcher_outbox (id, aggregate, subject, headers, payload)
     select gen_random_uuid(), 'lead/' || n, 'lead.failed', '{}', '{}' from generate_series(1, 150) as n`,
  );
  const dialing = { leadId: 1, source: 'x', room: 'r', callId: 1, attempt: 1 };
  await dispatcher.transaction((sql) => enqueue(sql, 'dispatcher', callDialing, { subject: 'call/1', data: dialing }));
  await relay('dispatcher');
  await until('the other stream has its event', async () => (await stored('CALLS')).length === 1);
  await until('what is held up says why', async () => {
    const held = await database.query(
      `select 1 from dispatcher_outbox where published_at is null and last_error = '503/10077' limit 1`,
    );
    return held.length > 0;
  });
  await streams.streams.update('LEADS', { max_msgs: -1 });
  await until('all are stored', async () => (await unpublished('dispatcher_outbox')) === 0);
  expect(await stored('LEADS')).toHaveLength(150);
});

test('what a server lost is published again when it is back, and what it kept is not stored twice', async () => {
  await relay('ingest');
  await enqueueLeads(1, 2, 3, 4, 5);
  await until('published', async () => (await unpublished()) === 0);
  const streams = await manager();
  await streams.streams.delete('LEADS');
  await provision(await server.connect('provisioner'));
  await server.restart('kill');
  await until('all are there again', async () => (await stored()).length === 5);
  await server.restart('kill');
  await enqueueLeads(6);
  await until('the sixth is stored', async () => (await leadIds()).includes(6));
  await until('published', async () => (await unpublished()) === 0);
  expect(await leadIds()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('after a rest longer than the duplicate window only what is missing is published again', async () => {
  const first = await relay('ingest');
  await enqueueLeads(1, 2, 3, 4, 5);
  await until('published', async () => (await unpublished()) === 0);
  await first.stop();
  const streams = await manager();
  await streams.streams.update('LEADS', { duplicate_window: nanos(100) });
  await database.query(`update ingest_outbox set published_at = published_at - interval '3 hours'`);
  const missing = (await stored()).find((message) => leadCreated.schema.parse(message.json()).leadId === 4);
  await streams.streams.deleteMessage('LEADS', missing?.seq ?? 0);
  await wait(200);
  await relay('ingest');
  await until('the missing one is back', async () => (await stored()).length === 5);
  await enqueueLeads(6);
  await until('the sixth is stored', async () => (await stored()).length === 6);
  expect(await leadIds()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a database older than the streams publishes nothing until it knows their newest events', async () => {
  const first = await relay('ingest');
  await enqueueLeads(1, 2);
  await until('published', async () => (await unpublished()) === 0);
  await first.stop();
  const lost = await database.query<{ id: string }>('delete from ingest_outbox returning id');
  await enqueueLeads(3);
  const second = await relay('ingest');
  await until('it finds out', () => second.state() === 'older_database');
  await wait(1_500);
  expect(await unpublished()).toBe(1);
  expect(await stored()).toHaveLength(2);
  // What a reconciliation does: the streams' events become known.
  for (const { id } of lost)
    await database.query(
      `insert into ingest_outbox (id, aggregate, subject, payload, published_at)
       values ($1, 'lead/1', 'lead.created', '{}', clock_timestamp() - interval '1 day')`,
      [id],
    );
  await until('it goes on', async () => (await stored()).length === 3);
  expect(second.state()).toBe('relaying');
});

test('a redriven event does not make the database look old', async () => {
  const ops = await server.connect('ops');
  const { storeMessage } = await import('../streams/stored-message.ts');
  await storeMessage(ops, {
    subject: 'lead.created',
    stream: 'LEADS',
    messageId: 'redrive:1:5:not-ours',
    headers: { 'ce-id': randomUUID(), 'leadline-redriven-by': 'asha' },
    payload: '{}',
  });
  const running = await relay('ingest');
  await enqueueLeads(1);
  await until('it relays', async () => (await stored()).length === 2);
  expect(running.state()).toBe('relaying');
});

test('rows are kept 31 days after they were published, and failed ones until somebody looks', async () => {
  await database.query(
    `insert into ingest_outbox (id, aggregate, subject, payload, created_at, published_at, failed_at)
     select gen_random_uuid(), 'lead/' || n, 'lead.created', '{}', clock_timestamp() - age, published, failed
       from (values (1, interval '32 days', clock_timestamp() - interval '32 days', null),
                    (2, interval '30 days', clock_timestamp() - interval '30 days', null),
                    (3, interval '40 days', null, clock_timestamp() - interval '40 days'),
                    (4, interval '40 days', clock_timestamp() - interval '1 day', null))
            as row (n, age, published, failed)`,
  );
  await relay('ingest');
  const kept = await until('one is gone', async () => {
    const rows = await database.query<{ aggregate: string }>('select aggregate from ingest_outbox order by 1');
    return rows.length === 3 && rows;
  });
  expect(kept.map(({ aggregate }) => aggregate)).toEqual(['lead/2', 'lead/3', 'lead/4']);
});

test('one of two leads, and the other takes over as soon as it stops', async () => {
  const first = await relay('ingest');
  await until('the first leads', () => first.state() === 'relaying');
  const second = await relay('ingest');
  await wait(1_200);
  expect(second.state()).toBe('waiting');
  await first.stop();
  // The server drops a silent leader after 10 s only.
  await until('the second leads', () => second.state() === 'relaying', 8_000);
});

test('a relay that lost its session in Postgres begins anew', async () => {
  const running = await relay('ingest');
  await until('it relays', () => running.state() === 'relaying');
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ingest-relay' and datname = current_database()`,
  );
  await enqueueLeads(1);
  await until('stored', async () => (await stored()).length === 1);
  expect(running.state()).toBe('relaying');
});

test('a relay that loses its session while JetStream is silent begins anew', async () => {
  const first = await relay('ingest');
  await enqueueLeads(1);
  await until('published', async () => (await unpublished()) === 0);
  await first.stop();
  const nats = await server.connect('ingest');
  process.kill(server.server().pid, 'SIGSTOP');
  await relay('ingest', nats);
  const ended = await until('its session is there', async () => {
    const found = await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ingest-relay' and datname = current_database()`,
    );
    return found.length > 0;
  });
  expect(ended).toBe(true);
  process.kill(server.server().pid, 'SIGCONT');
  await enqueueLeads(2);
  await until('the second is stored', async () => (await stored()).length === 2);
});

async function fillDisk(): Promise<void> {
  await database.query(`create function no_room() returns trigger language plpgsql as
    $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$`);
  await database.query(`create trigger no_room before update on ingest_outbox for each row execute function no_room()`);
}

test('rows that can not be marked, as on a full disk, are published once however long that lasts', async () => {
  const ops = await server.connect('ops');
  let published = 0;
  ops.connection.subscribe('lead.created', { callback: () => void published++ });
  await fillDisk();
  await relay('ingest');
  await enqueueLeads(1, 2, 3);
  await until('they are stored', async () => (await stored()).length >= 3);
  await wait(3_000);
  await enqueueLeads(4);
  await wait(1_000);
  expect(published).toBe(3);
  await database.query('drop trigger no_room on ingest_outbox');
  await until('all are marked', async () => (await unpublished()) === 0);
  expect(await leadIds()).toEqual([1, 2, 3, 4]);
  // A new leader repeats once what its outbox published last, within the duplicate window.
  expect(published).toBeLessThanOrEqual(7);
});

test('a leader on a database that became read-only publishes nothing, and goes on by itself when it may write', async () => {
  const running = await relay('ingest');
  await until('it relays', () => running.state() === 'relaying');
  await enqueueLeads(1);
  await until('it publishes', async () => (await unpublished()) === 0);
  const [found] = await database.query<{ name: string }>('select current_database() as name');
  await database.query(`alter database ${found?.name} set default_transaction_read_only = on`);
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'ingest-relay'`,
  );
  await until('it is lost', () => running.state() === 'waiting');
  await database.query(
    `insert into ingest_outbox (id, aggregate, subject, headers, payload)
     select gen_random_uuid(), aggregate, subject, headers, payload from ingest_outbox`,
  );
  await wait(2_000);
  expect(await leadIds()).toEqual([1]);
  await database.query(`alter database ${found?.name} reset default_transaction_read_only`);
  await until('it publishes again', async () => (await unpublished()) === 0);
});
