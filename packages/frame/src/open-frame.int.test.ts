import { openRegistry } from '@leadline/service-kit/open-registry';
import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { startRelay } from '@leadline/messaging/relay';
import type { Part } from '@leadline/time/part';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFrame, type Parts, type Servers } from './open-frame.ts';

let database: TestDatabase;
let nats: TestNats;
let servers: Servers;
beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  servers = {
    postgres: await database.open('crmPusher'),
    nats: await nats.connect('crm-pusher'),
    log: silentLog,
  };
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});

function frameOf() {
  const registry = openRegistry('crm-pusher');
  const metrics = { registry, messaging: createMessagingMetrics(registry, 'crm-pusher') };
  const frame = openFrame({ service: 'crm-pusher', servers, config: { HOST: '127.0.0.1', ADMIN_PORT: 0 }, metrics });
  const run = (parts: Partial<Parts>) =>
    frame.run({
      needs: {},
      goesOnWithout: {},
      health: { parts: {} },
      measure: async () => undefined,
      answers: [],
      stopOrder: (answering) => [[answering]],
      done: Promise.resolve(),
      ...parts,
    });
  return { frame, run };
}

/** Parts that write down when they were told to stop and when they had stopped. */
function recorder() {
  const said: string[] = [];
  const part = (name: string, ms = 0): Part => ({
    async stop() {
      said.push(`${name} stops`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      said.push(`${name} has stopped`);
    },
  });
  return { said, part };
}

test('parts end list by list, side by side within one; the relay after them, and the admin server last', async () => {
  const { said, part } = recorder();
  const { frame, run } = frameOf();
  const relay = startRelay({
    databaseUrl: servers.postgres.url,
    nats: servers.nats,
    service: 'crm-pusher',
    log: silentLog,
  });
  let adminUrl = '';
  const isAdminUp = async (): Promise<string> =>
    fetch(`${adminUrl}/livez`).then(
      () => 'admin is up',
      () => 'admin is down',
    );
  const running = await run({
    needs: { service: frame.checks.service },
    answers: [part('a command')],
    stopOrder: (answering) => [[part('server', 30), part('poller')], [part('group')], [answering]],
    relay: {
      ...relay,
      async stop() {
        const ready = await fetch(`${adminUrl}/readyz`);
        said.push(`relay stops, ${await isAdminUp()}, readiness ${ready.status}`);
        await relay.stop();
      },
    },
  });
  ({ adminUrl } = running);
  expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
  await running.stop();
  said.push(await isAdminUp());
  expect(said).toEqual([
    'server stops',
    'poller stops',
    'poller has stopped',
    'server has stopped',
    'group stops',
    'group has stopped',
    'a command stops',
    'a command has stopped',
    'relay stops, admin is up, readiness 503',
    'admin is down',
  ]);
});

test('what a service needs makes it unready; what it goes on without is only told', async () => {
  const { frame, run } = frameOf();
  let disk: true | string = true;
  const running = await run({
    needs: { database: frame.checks.database, streams: frame.checks.streams, disk: () => disk },
    goesOnWithout: { nats: frame.checks.nats, reports: () => 'not heard' },
  });
  const read = async () => {
    const response = await fetch(`${running.adminUrl}/readyz`);
    return { status: response.status, body: await response.json() };
  };
  const told = { database: true, streams: true, nats: true, reports: 'not heard' };
  expect(await read()).toEqual({ status: 200, body: { ready: true, ...told, disk: true } });
  disk = 'full';
  expect(await read()).toEqual({ status: 503, body: { ready: false, ...told, disk: 'full' } });
  await running.stop();
});
