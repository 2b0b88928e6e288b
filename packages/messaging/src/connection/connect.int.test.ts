import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectNats } from './connect.ts';
import { provision } from '../topology/provision.ts';
import { durables, streams } from '../topology/topology.ts';

let server: TestNats;
beforeEach(async () => {
  server = await testNats({ provisioned: false });
});
afterEach(() => server.close());

test('a server older than 2.10 is refused, naming both versions', async () => {
  const info = {
    server_id: 'old',
    version: '2.9.10',
    proto: 1,
    headers: true,
    max_payload: 1_048_576,
    jetstream: true,
  };
  const old = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => undefined);
  });
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  const address = old.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(connectNats({ url: `nats://127.0.0.1:${port}`, name: 'test', log: silentLog })).rejects.toThrow(
    'nats-server 2.9.10 is too old: 2.10.0 or newer is needed',
  );
  old.close();
});

test('a service that starts before its server waits for it', async () => {
  await server.server().kill();
  const connecting = server.connect('ingest');
  await server.restart('kill');
  expect((await connecting).isUp()).toBe(true);
});

test('closing pushes out what was published before', async () => {
  const provisioner = await server.connect('provisioner');
  await provision(provisioner);
  const agent = await server.connect('agent');
  for (let n = 0; n < 500; n++) agent.connection.publish('agent.ready', '{"room":"a"}');
  await agent.close();
  expect(await agent.closed).toBeUndefined();
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await until('all are stored', async () => (await manager.streams.info('AGENT')).state.messages === 500);
  expect((await manager.streams.info('AGENT')).state.messages).toBe(500);
});

test('several provisioners at once make one topology, and a later one changes what is to change and keeps messages', async () => {
  const provisioners = await Promise.all([1, 2, 3, 4].map(() => server.connect('provisioner')));
  await Promise.all(provisioners.map((provisioner) => provision(provisioner)));
  const manager = await (await server.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.streams.update('LEADS', { max_age: 0 });
  await manager.consumers.update('LEADS', 'dispatcher-leads', { max_ack_pending: 1 });
  await manager.streams.delete('DLQ');
  const ingest = await server.connect('ingest');
  await ingest.connection.jetstream().publish('lead.created', '{}');
  await provision(await server.connect('provisioner'));
  for (const [name, stream] of Object.entries(streams)) {
    const { config } = await manager.streams.info(name);
    expect(config).toMatchObject({
      subjects: stream.subjects,
      max_age: stream.maxAgeMs * 1e6,
      max_bytes: stream.maxBytes,
      retention: 'limits',
      storage: 'file',
      discard: stream.discard,
    });
    expect(config.deny_delete).toBe(false);
  }
  for (const [name, durable] of Object.entries(durables)) {
    const { config } = await manager.consumers.info(durable.stream, name);
    expect(config).toMatchObject({ ack_policy: 'explicit', max_ack_pending: durable.maxAckPending });
    expect([config.filter_subject ?? config.filter_subjects].flat()).toEqual([...durable.filters]);
  }
  expect((await manager.streams.info('LEADS')).state.messages).toBe(1);
});
