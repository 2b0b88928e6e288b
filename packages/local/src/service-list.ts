import { serviceOf, services } from '@leadline/contracts/services';
import type { NatsUser } from '@leadline/messaging/permissions';
import { human, type Timings } from '@leadline/world/timings';
import { toSettings, type Member } from '@leadline/world/to-settings';
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
export const members: readonly Member[] = ['simulator', ...services.map(({ key }) => key)];

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

/** Where the simulated world is and where it writes what it saw. */
export function toSimulator({ folder, ports }: World): { url: string; phoneLog: string; crmLog: string } {
  return {
    url: `http://127.0.0.1:${ports.simulator}`,
    phoneLog: join(folder, 'simulator', 'phone.jsonl'),
    crmLog: join(folder, 'simulator', 'crm.jsonl'),
  };
}

/** What a member is told, and where it says that it is ready. */
export function toMemberSettings(member: Member, world: World): ServiceSettings {
  const { ports, secrets } = world;
  const { url, phoneLog, crmLog } = toSimulator(world);
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const place = {
    simulator: { url },
    keys: { ...secrets, trunkId: 'ST_simulated' },
    timings: withChoices(human, world.env),
  };
  if (member === 'simulator') {
    const env = toSettings(member, {
      ...place,
      servers: { nats: toLogin(world, 'agent') },
      port: ports.simulator,
      outside: { webhookUrl: `${at(ports.callTracker)}/webhooks/livekit`, phoneLog, crmLog },
    });
    return { env, readyUrl: url };
  }
  const adminPort = ports[`${member}Admin`];
  const env = toSettings(member, {
    ...place,
    servers: { databaseUrl: world.database.of(member), nats: toLogin(world, serviceOf(member).name) },
    adminPort,
    port: member === 'dispatcher' || member === 'crmPusher' ? undefined : ports[member],
    dashboard: {
      ingestUrl: at(ports.ingest),
      ops: world.nats.user('ops'),
      firstUsers: `viewer:viewer:${secrets.dashboard.viewer},operator:operator:${secrets.dashboard.operator}`,
    },
  });
  return { env, readyUrl: `${at(adminPort)}/readyz` };
}

/** What a person may choose in the environment of `npm start`; the rest is what the simulated people need. */
const choices = ['CALLS_PER_SECOND', 'RETRY_DELAYS', 'RUPEES_PER_PULSE'];

function withChoices(timings: Timings, env: Record<string, string>): Timings {
  const chosen = Object.entries(timings).map(([member, settings]) => [
    member,
    Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, choices.includes(name) ? (env[name] ?? value) : value]),
    ),
  ]);
  return Object.fromEntries(chosen);
}

function toLogin({ nats }: World, name: NatsUser): { url: string; user: string; pass: string } {
  return { url: nats.url, ...nats.user(name) };
}
