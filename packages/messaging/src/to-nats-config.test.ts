import { expect, test } from 'vitest';
import { toNatsConfig } from './to-nats-config.ts';
import { natsUsers, type NatsUser } from './topology.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the keys' type
const passwords = Object.fromEntries(natsUsers.map((user) => [user, `"${user}"`])) as Record<NatsUser, string>;

test('an acknowledged write reaches the disk within 100 ms, and the option stands on a line of its own', () => {
  expect(toNatsConfig({ port: 4222, storeDir: '/var/nats', passwords })).toMatch(/^ *sync_interval: 100ms$/m);
});

test('it binds to loopback, and has a monitor only where one is asked for', () => {
  const config = toNatsConfig({ port: 4222, storeDir: '/var/nats', passwords });
  expect(config).toMatch(/^host: 127\.0\.0\.1$/m);
  expect(config).not.toMatch(/^http/m);
  expect(toNatsConfig({ port: 4222, storeDir: '/x', passwords, monitorPort: 8222 })).toMatch(
    /^http: "127\.0\.0\.1:8222"$/m,
  );
});

test('a password with quotes stays one', () => {
  expect(toNatsConfig({ port: 4222, storeDir: '/x', passwords })).toContain(
    String.raw`user: "ingest", password: "\"ingest\""`,
  );
});
