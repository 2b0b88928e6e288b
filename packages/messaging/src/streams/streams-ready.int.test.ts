import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterEach, expect, test } from 'vitest';
import { provision } from '../topology/provision.ts';
import { streamsReady } from './streams-ready.ts';

let server: TestNats;
afterEach(() => server.close());

test('a service waits for the provisioner, and a stream lost later takes it out of service no more', async () => {
  server = await testNats({ provisioned: false });
  const ask = {
    ingest: streamsReady(await server.connect('ingest'), 'ingest'),
    'crm-pusher': streamsReady(await server.connect('crm-pusher'), 'crm-pusher'),
    dashboard: streamsReady(await server.connect('dashboard'), 'dashboard'),
  };
  expect(await ask.ingest()).toContain('missing: the stream of lead.created (404/10059)');
  expect(await ask['crm-pusher']()).toContain('the durable crm-pusher (');
  expect(await ask.dashboard()).toContain('the durable dashboard-agent (');
  await provision(await server.connect('provisioner'));
  for (const isReady of Object.values(ask)) expect(await isReady()).toBe(true);
  await server.server().stop();
  for (const isReady of Object.values(ask)) expect(await isReady()).toBe(true);
});
