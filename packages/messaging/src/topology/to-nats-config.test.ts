import { expect, test } from 'vitest';
import { toNatsConfig } from './to-nats-config.ts';
import { natsUsers, type NatsUser } from './permissions.ts';

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

test('agents have an account of their own, which lends them their subjects and nothing else', () => {
  const config = toNatsConfig({ port: 4222, storeDir: '/x', passwords, secondPasswords: { agent: 'agent-second' } });
  const [services = '', agents = ''] = config.split('  AGENTS {');
  const subjects = [
    'agent.ready',
    'agent.answered_by',
    'agent.qualified',
    'agent.callback_requested',
    'agent.ended',
    'agent.alive',
  ];
  expect([...services.matchAll(/service: "([^"]+)", accounts: \["AGENTS"\]/g)].map(([, subject]) => subject)).toEqual(
    subjects,
  );
  expect([...agents.matchAll(/account: "LEADLINE", subject: "([^"]+)"/g)].map(([, subject]) => subject)).toEqual(
    subjects,
  );
  expect([...agents.matchAll(/user: "([^"]+)"/g)].map(([, user]) => user)).toEqual(['agent', 'agent-2']);
  expect(services).not.toContain('user: "agent');
  expect(services).toContain('jetstream: enabled');
  expect(agents).not.toContain('jetstream');
});

test('streams that lie in the server’s unnamed account keep everybody there', () => {
  const config = toNatsConfig({ port: 4222, storeDir: '/x', passwords, servicesAccount: '$G' });
  expect(config).not.toContain('accounts {');
  for (const user of natsUsers) expect(config).toContain(`user: "${user}"`);
});

test('a password with quotes stays one', () => {
  expect(toNatsConfig({ port: 4222, storeDir: '/x', passwords })).toContain(
    String.raw`user: "ingest", password: "\"ingest\""`,
  );
});
