import { connectNats, type Nats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { fetchMessage } from '@leadline/messaging/stored-message';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import { natsUsers, type NatsUser, type ServicesAccount } from '@leadline/messaging/permissions';
import { silentLog } from '@leadline/testing/silent-log';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, inject, test } from 'vitest';
import { adoptStreams } from './adopt-streams.ts';
import { startNatsServer, type RunningNats } from '@leadline/servers/nats-server';
import { removeWithUs } from '@leadline/servers/reaper';

const dir = mkdtempSync(join(tmpdir(), 'leadline-adopt-'));
removeWithUs(dir);
const storeDir = join(dir, 'jetstream');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the keys' type
const passwords = Object.fromEntries(natsUsers.map((user) => [user, `test-${user}`])) as Record<NatsUser, string>;
let server: RunningNats | undefined;
let opened: Nats[] = [];

afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(servicesAccount: ServicesAccount): Promise<(user: NatsUser) => Promise<Nats>> {
  const running = await startNatsServer({
    path: inject('natsServerPath'),
    dir,
    config: (at) => toNatsConfig({ ...at, passwords, servicesAccount }),
  });
  server = running;
  return async (user) => {
    const nats = await connectNats({ url: running.url, user, pass: passwords[user], name: 'test', log: silentLog });
    opened.push(nats);
    return nats;
  };
}

async function stop(): Promise<void> {
  await Promise.all(opened.map((nats) => nats.close()));
  opened = [];
  await server?.stop();
}

test('streams of a version without accounts are there again, with what their consumers had read', async () => {
  const before = await start('$G');
  await provision(await before('provisioner'));
  const [agent, tracker] = [await before('agent'), await before('call-tracker')];
  for (const id of ['one', 'two']) await agent.connection.jetstream().publish('agent.ended', id, { msgID: id });
  const reading = await tracker.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  await (await reading.next())?.ackAck();
  await stop();

  adoptStreams(storeDir, 'LEADLINE');
  adoptStreams(storeDir, 'LEADLINE');
  const after = await start('LEADLINE');
  await provision(await after('provisioner'));
  const going = await after('call-tracker');
  expect((await fetchMessage(going, 'AGENT', { seq: 2 }))?.string()).toBe('two');
  const durable = await going.connection.jetstream().consumers.get('AGENT', 'call-tracker-agent');
  expect((await durable.next())?.string()).toBe('two');
  // The same login at the same address, and a repeat is still known as one.
  const again = await after('agent');
  expect(await again.connection.jetstream().publish('agent.ended', 'two', { msgID: 'two' })).toMatchObject({
    stream: 'AGENT',
    duplicate: true,
    seq: 2,
  });
  await stop();

  // What was made meanwhile in the unnamed account takes nothing away.
  const back = await start('$G');
  await provision(await back('provisioner'));
  await stop();
  adoptStreams(storeDir, 'LEADLINE');
  expect(existsSync(join(storeDir, 'jetstream', '$G'))).toBe(true);
});
