import { serviceOf, type ServiceKey, type ServiceName } from '@leadline/contracts/services';
import { join } from 'node:path';
import type { Settings } from './timings.ts';
import { toSettings, type Keys } from './to-settings.ts';

/** The keys of all services that a test starts. */
export const testKeys: Keys = {
  apiKey: 'test-key-of-website',
  opsKey: 'test-key-of-operators',
  agentKey: 'test-key-of-agents',
  liveKitKey: 'devkey',
  liveKitSecret: 'a-secret-of-at-least-32-characters-here',
  crmKey: 'test-key-of-the-crm',
  trunkId: 'ST_test',
};

/** Nobody listens at this address. */
export const nowhere = 'http://127.0.0.1:9';

/** What a test's service connects to. A missing server stands for one that does not answer. */
type TestServers = {
  db: { roleUrls: Record<ServiceKey, string> };
  nats?: { url: string; user(name: ServiceName): { user: string; pass: string } };
  /** The simulator's address. */
  simulatorUrl?: string;
};

/**
 * The environment of one service that a test starts, with each timing as production has it by default. `settings` win
 * over everything else.
 */
export function testSettings(service: ServiceKey, servers: TestServers, settings: Settings = {}): Settings {
  const { db, nats, simulatorUrl = nowhere } = servers;
  const environment = toSettings(service, {
    servers: {
      databaseUrl: db.roleUrls[service],
      nats: nats === undefined ? { url: nowhere } : { url: nats.url, ...nats.user(serviceOf(service).name) },
    },
    simulator: { url: simulatorUrl },
    keys: testKeys,
    timings: {},
  });
  return { ...environment, ...settings };
}

/**
 * The environment of a simulator that a test starts: with the keys above, its logs in `folder`, no voice agent on NATS,
 * and a CRM that takes all requests. `settings` win over everything else.
 */
export function testSimulatorSettings(folder: string, settings: Settings = {}): Settings {
  return {
    LIVEKIT_API_KEY: testKeys.liveKitKey,
    LIVEKIT_API_SECRET: testKeys.liveKitSecret,
    SIP_TRUNK_ID: testKeys.trunkId,
    CRM_API_KEY: testKeys.crmKey,
    CRM_REQUESTS_PER_MINUTE: '100000',
    PHONE_LOG: join(folder, 'phone.jsonl'),
    CRM_LOG: join(folder, 'crm.jsonl'),
    ...settings,
  };
}
