import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from './leadline-command.ts';
import { startSystem, type System } from './system.ts';

let system: System;
let leadline: LeadlineCommand;

beforeAll(async () => {
  system = await startSystem();
  leadline = leadlineCommand(system.nats, {
    LIVEKIT_URL: system.simulator.url,
    LIVEKIT_API_KEY: system.liveKit.apiKey,
    LIVEKIT_API_SECRET: system.liveKit.apiSecret,
  });
});
afterAll(() => system.stop());

const verdicts = async (...more: string[]): Promise<Record<string, string>> => {
  const { out } = await leadline.run('livekit', 'doctor', '-o', 'json', ...more);
  const findings = JSON.parse(out) as { about: string; verdict: string }[];
  return Object.fromEntries(findings.map(({ about, verdict }) => [about, verdict]));
};

test('the doctor finds key, trunk, agent and webhooks in order, and rings nobody', async () => {
  expect(await verdicts()).toMatchObject({
    LiveKit: 'good',
    agent: 'good',
    webhooks: 'good',
    trunk: 'note',
    'SIP bridge': 'good',
  });
  expect(system.phone()).toEqual([]);
});

test('an agent of another name, and a trunk that is not there, are told', async () => {
  const { code, out } = await leadline.run(
    'livekit',
    'doctor',
    '--trunk',
    'ST_nobody',
    '--agent-name',
    '',
    '--wait',
    '1',
  );
  expect(code).toBe(1);
  expect(out).toContain('LiveKit knows no outbound trunk ST_nobody');
});

test('a bridge that is not there is told, by leadline doctor too', async () => {
  await system.faults({ noBridge: true });
  const { code, out } = await leadline.run('doctor');
  await system.faults({});
  expect([code, out]).toEqual([1, expect.stringMatching(/✗ SIP bridge +does not answer/) as string]);
  expect(out).toMatch(/✓ agent +leadline-agent came/);
  expect(system.phone()).toEqual([]);
});

test('webhooks that do not come are told', async () => {
  await system.faults({ webhooks: { drop: true } });
  expect(await verdicts()).toMatchObject({ agent: 'good', webhooks: 'bad' });
  await system.faults({});
});

test('a wrong key is told, and nothing else is tried', async () => {
  const wrong = leadlineCommand(system.nats, {
    LIVEKIT_URL: system.simulator.url,
    LIVEKIT_API_KEY: system.liveKit.apiKey,
    LIVEKIT_API_SECRET: 'a-wrong-secret-of-32-characters-or-so',
  });
  const { code, out } = await wrong.run('livekit', 'doctor');
  expect(code).toBe(1);
  expect(out).toContain('refuses the key');
});

test('a trunk is made, listed without its password, and deleted', async () => {
  const withPassword = leadlineCommand(system.nats, {
    LIVEKIT_URL: system.simulator.url,
    LIVEKIT_API_KEY: system.liveKit.apiKey,
    LIVEKIT_API_SECRET: system.liveKit.apiSecret,
    TRUNK_PASSWORD: 'a-secret-of-the-trunk',
  });
  const create = ['livekit', 'trunk', 'create', '--address', 'sip.provider.example', '--number', '+918047100000'];
  const made = await withPassword.run(...create, '--user', 'leadline');
  expect(made.code).toBe(0);
  const id = /^SIP_TRUNK_ID=(ST_\w+)$/m.exec(made.out)?.[1] ?? '';
  const listed = await leadline.run('livekit', 'trunk', 'list');
  expect(listed.out).toMatch(new RegExp(`${id} .*sip\\.provider\\.example .*\\+918047100000 .*leadline`));
  expect(listed.out + made.out + made.err).not.toContain('a-secret-of-the-trunk');
  expect((await leadline.run('livekit', 'trunk', 'delete', id, '--yes')).code).toBe(0);
  expect((await leadline.run('livekit', 'trunk', 'delete', id, '--yes')).code).toBe(2);
  // A number that is none, and a password that nobody told.
  expect((await leadline.run(...create.slice(0, -1), '98x')).code).toBe(2);
  expect((await leadline.run(...create, '--user', 'leadline')).code).toBe(2);
});

test('without LIVEKIT_URL the commands say what to set', async () => {
  const { code, err } = await leadlineCommand(system.nats).run('livekit', 'trunk', 'list');
  expect(code).toBe(2);
  expect(err).toContain('set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET');
});

test('the webhook lines name the key and the address', async () => {
  const { out } = await leadline.run('livekit', 'print-config', '--webhook-url', 'https://c.example/webhooks/livekit');
  expect(out).toBe(
    `webhook:\n  api_key: "${system.liveKit.apiKey}"\n  urls:\n    - "https://c.example/webhooks/livekit"\n`,
  );
});
