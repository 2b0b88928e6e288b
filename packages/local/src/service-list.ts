import type { Role } from '@leadline/database/roles';
import type { NatsUser } from '@leadline/messaging/permissions';
import { basename, join } from 'node:path';
import type { Secrets } from './secrets.ts';
import type { ServiceProgram, ServiceSettings } from './service-process.ts';
import type { DatabaseAccess, NatsAccess } from './start-servers.ts';

/** What the services stand on and where they listen. */
export type World = {
  folder: string;
  secrets: Secrets;
  database: DatabaseAccess;
  nats: NatsAccess;
  ports: Ports;
  /** Settings from the person's own environment, such as CALLS_PER_SECOND; what is set here wins. */
  env: Record<string, string>;
};

/** Taken where they are free; else any free one. */
export const friendlyPorts = {
  postgres: 5433,
  nats: 4223,
  simulator: 7880,
  ingest: 8080,
  callTracker: 8081,
  dashboard: 8082,
  ingestAdmin: 9080,
  callTrackerAdmin: 9081,
  dispatcherAdmin: 9082,
  crmPusherAdmin: 9083,
  dashboardAdmin: 9084,
} as const;

export type Ports = Record<keyof typeof friendlyPorts, number>;

/** Whom a run consists of beside its servers, by the name in run.json. */
export const members = ['simulator', 'ingest', 'dispatcher', 'callTracker', 'crmPusher', 'dashboard'] as const;
export type Member = (typeof members)[number];

/** On which ports each listens. */
export const portsOf: Record<Member, readonly (keyof Ports)[]> = {
  simulator: ['simulator'],
  ingest: ['ingest', 'ingestAdmin'],
  dispatcher: ['dispatcherAdmin'],
  callTracker: ['callTracker', 'callTrackerAdmin'],
  crmPusher: ['crmPusherAdmin'],
  dashboard: ['dashboard', 'dashboardAdmin'],
};

const root = join(import.meta.dirname, '../../..');
const trunk = 'ST_simulated';

const folders: Record<Member, string> = {
  simulator: 'packages/simulator',
  ingest: 'services/ingest',
  dispatcher: 'services/dispatcher',
  callTracker: 'services/call-tracker',
  crmPusher: 'services/crm-pusher',
  dashboard: 'services/dashboard',
};

/** `env` is the person's own environment, such as CALLS_PER_SECOND; a service's settings win over it. */
export function toProgram(member: Member, folder: string, env: Record<string, string>): ServiceProgram {
  const place = join(root, folders[member]);
  const name = basename(place);
  const start = member === 'simulator' ? 'start-simulator.ts' : 'start.ts';
  return {
    name,
    main: join(place, 'src/main.ts'),
    readFirst: [join(place, 'src', start), join(root, 'packages/database/src/open-database.ts')],
    logFile: join(folder, 'logs', `${name}.log`),
    // Boots in two thirds of the time.
    env: { ...env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
  };
}

/** LiveKit, the voice agent and the CRM, in one process. */
export function toSimulator(world: World): {
  url: string;
  phoneLog: string;
  crmLog: string;
  settings: ServiceSettings;
} {
  const url = `http://127.0.0.1:${world.ports.simulator}`;
  const phoneLog = join(world.folder, 'simulator', 'phone.jsonl');
  const crmLog = join(world.folder, 'simulator', 'crm.jsonl');
  const env = {
    HOST: '127.0.0.1',
    ...liveKitKeys(world),
    ...natsLogin(world, 'agent'),
    PORT: String(world.ports.simulator),
    SIP_TRUNK_ID: trunk,
    WEBHOOK_URL: `http://127.0.0.1:${world.ports.callTracker}/webhooks/livekit`,
    PHONE_LOG: phoneLog,
    CRM_LOG: crmLog,
    CRM_API_KEY: world.secrets.crmKey,
  };
  return { url, phoneLog, crmLog, settings: { env, readyUrl: url } };
}

/** What each service is told. Whoever adds one adds it here. */
export function toServices(world: World): Map<Role, ServiceSettings> {
  const { ports, secrets } = world;
  const liveKit = { ...liveKitKeys(world), LIVEKIT_URL: `http://127.0.0.1:${ports.simulator}`, SIP_TRUNK_ID: trunk };
  const service = (name: NatsUser, role: Role, admin: number, env: Record<string, string>): ServiceSettings => ({
    readyUrl: `http://127.0.0.1:${admin}/readyz`,
    env: {
      HOST: '127.0.0.1',
      DATABASE_URL: world.database.of(role),
      ...natsLogin(world, name),
      ADMIN_PORT: String(admin),
      ...env,
    },
  });
  return new Map<Role, ServiceSettings>([
    [
      'ingest',
      service('ingest', 'ingest', ports.ingestAdmin, {
        PORT: String(ports.ingest),
        API_KEYS: `website:${secrets.apiKey}`,
        ...toVendors(world),
      }),
    ],
    [
      'dispatcher',
      service('dispatcher', 'dispatcher', ports.dispatcherAdmin, {
        ...liveKit,
        CALL_WINDOW: 'simulated',
        // Real waits are hours: here they are short enough to be watched.
        CALLS_PER_SECOND: world.env['CALLS_PER_SECOND'] ?? '5',
        RETRY_DELAYS:
          world.env['RETRY_DELAYS'] ??
          'unanswered=20s,40s rejected=20s,40s dispatch_failed=10s startup_failed=10s stale_timeout=20s no_answers=20s,40s',
        OPS_KEY: secrets.opsKey,
      }),
    ],
    [
      'callTracker',
      service('call-tracker', 'callTracker', ports.callTrackerAdmin, {
        ...liveKit,
        PORT: String(ports.callTracker),
        AGENT_KEY: secrets.agentKey,
        // The simulated person who hangs up at once has talked for 0.3 s, the others for two.
        MIN_TALK_SECONDS: '1',
      }),
    ],
    [
      'crmPusher',
      service('crm-pusher', 'crmPusher', ports.crmPusherAdmin, {
        CRM_URL: `http://127.0.0.1:${ports.simulator}/crm/v1`,
        CRM_API_KEY: secrets.crmKey,
      }),
    ],
    [
      'dashboard',
      service('dashboard', 'dashboard', ports.dashboardAdmin, {
        PORT: String(ports.dashboard),
        PUBLIC_URL: `http://127.0.0.1:${ports.dashboard}`,
        INGEST_URL: `http://127.0.0.1:${ports.ingest}`,
        OPS_NATS_USER: world.nats.user('ops').user,
        OPS_NATS_PASS: world.nats.user('ops').pass,
        FIRST_USERS: `viewer:viewer:${secrets.dashboard.viewer},operator:operator:${secrets.dashboard.operator}`,
        // A made-up price, so that there is something to see.
        RUPEES_PER_PULSE: world.env['RUPEES_PER_PULSE'] ?? '0.9',
      }),
    ],
  ]);
}

/** The marketplaces are simulated too: no vendor that exists is asked for anything. */
function toVendors({ ports }: World): Record<string, string> {
  const vendors = `http://127.0.0.1:${ports.simulator}/vendors`;
  return {
    INDIAMART_URL: `${vendors}/indiamart`,
    TRADEINDIA_URL: `${vendors}/tradeindia`,
    EXPORTERSINDIA_URL: `${vendors}/exportersindia`,
    META_GRAPH_URL: `${vendors}/graph/v26.0`,
    // The simulator's own, as its README tells it.
    META_PAGE_TOKEN: 'simulated-vendor-key',
  };
}

function liveKitKeys({ secrets }: World): Record<string, string> {
  return { LIVEKIT_API_KEY: secrets.liveKitKey, LIVEKIT_API_SECRET: secrets.liveKitSecret };
}

function natsLogin({ nats }: World, name: NatsUser): Record<string, string> {
  const { user, pass } = nats.user(name);
  return { NATS_URL: nats.url, NATS_USER: user, NATS_PASS: pass };
}
