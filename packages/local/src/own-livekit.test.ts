import { expect, test } from 'vitest';
import { readLocalConfig } from './config.ts';
import { loadSecrets } from './secrets.ts';
import { friendlyPorts, toMemberSettings, type World } from './service-list.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const theirs = {
  LIVEKIT_URL: 'wss://livekit.example.in',
  LIVEKIT_API_KEY: 'their-key',
  LIVEKIT_API_SECRET: 'their-secret',
  SIP_TRUNK_ID: 'ST_theirs',
};

function aWorld(env: Record<string, string>): World {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-own-livekit-'));
  const secrets = loadSecrets(join(folder, 'secrets.json'));
  rmSync(folder, { recursive: true });
  return {
    folder,
    secrets,
    database: { url: 'postgres://db', of: () => 'postgres://db' },
    nats: { url: 'nats://nats', user: (user) => ({ user, pass: 'x' }) },
    ports: friendlyPorts,
    env,
    liveKit: readLocalConfig(env).liveKit,
  };
}

test('a LiveKit of the person’s own is the dispatcher’s and the tracker’s, in the real window and with the real waits', () => {
  const world = aWorld(theirs);
  for (const member of ['dispatcher', 'callTracker'] as const) {
    const { env } = toMemberSettings(member, world);
    expect(env).toMatchObject({ LIVEKIT_URL: theirs.LIVEKIT_URL, LIVEKIT_API_SECRET: 'their-secret' });
    for (const simulated of ['CALL_WINDOW', 'RETRY_DELAYS', 'MIN_TALK_SECONDS'])
      expect(env).not.toHaveProperty(simulated);
  }
  expect(toMemberSettings('dispatcher', world).env).toMatchObject({ SIP_TRUNK_ID: 'ST_theirs' });
  // Nobody real gets tasks, and the simulator keeps its own key.
  expect(toMemberSettings('crmPusher', world).env['CRM_URL']).toContain('127.0.0.1');
  expect(toMemberSettings('simulator', world).env['LIVEKIT_API_SECRET']).not.toBe('their-secret');
});

test('without one everything is simulated, also where the command line’s key is set', () => {
  const { LIVEKIT_API_KEY, LIVEKIT_API_SECRET } = theirs;
  const { env } = toMemberSettings('dispatcher', aWorld({ LIVEKIT_API_KEY, LIVEKIT_API_SECRET }));
  expect(env).toMatchObject({
    CALL_WINDOW: 'simulated',
    LIVEKIT_URL: 'http://127.0.0.1:7880',
    SIP_TRUNK_ID: 'ST_simulated',
  });
});

test.each(['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'SIP_TRUNK_ID'])('without %s it says so', (name) => {
  const some = Object.fromEntries(Object.entries(theirs).filter(([given]) => given !== name));
  expect(() => readLocalConfig(some)).toThrow(
    new RegExp(`^ {2}${name}: is not set; a LiveKit of yours needs all four`, 'm'),
  );
});
