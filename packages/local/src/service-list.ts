import { forEachService, serviceOf, services } from '@leadline/contracts/services';
import type { NatsUser } from '@leadline/messaging/permissions';
import { human, type Timings } from '@leadline/world/timings';
import { toSettings, type Member } from '@leadline/world/to-settings';
import { basename, join } from 'node:path';
import type { OwnLiveKit } from './config.ts';
import type { Secrets } from './secrets.ts';
import type { ServiceProgram, ServiceSettings } from './service-process.ts';
import type { DatabaseAccess, NatsAccess } from './start-servers.ts';

/** The servers of the services, and the ports where they listen. */
export type World = {
  folder: string;
  secrets: Secrets;
  database: DatabaseAccess;
  nats: NatsAccess;
  ports: Ports;
  /** Settings from the person's own environment, such as CALLS_PER_SECOND; our settings override them. */
  env: Record<string, string>;
  /** The person's own LiveKit: real phones ring. */
  liveKit: OwnLiveKit | undefined;
};

/** Preferred ports; if one is taken, any free port. */
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

/** The members of a run beside its servers, by their names in run.json. */
export const members: readonly Member[] = ['simulator', ...services.map(({ key }) => key)];

/** The ports on which each member listens. */
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
  ...forEachService(({ name }) => `services/${name}`),
};

/** `env` is the person's own environment, such as CALLS_PER_SECOND; a service's settings override it. */
export function toProgram(member: Member, folder: string, env: Record<string, string>): ServiceProgram {
  const place = join(root, folders[member]);
  const name = basename(place);
  const start = member === 'simulator' ? 'start-simulator.ts' : 'start.ts';
  return {
    name,
    main: join(place, 'src/main.ts'),
    readFirst: [join(place, 'src', start), join(root, 'packages/database/src/open-database.ts')],
    logFile: join(folder, 'logs', `${name}.log`),
    // Starts in two thirds of the time.
    env: { ...env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
  };
}

/** The simulated world's address, and the files where it logs what it saw. */
export function toSimulator({ folder, ports }: World): { url: string; phoneLog: string; crmLog: string } {
  return {
    url: `http://127.0.0.1:${ports.simulator}`,
    phoneLog: join(folder, 'simulator', 'phone.jsonl'),
    crmLog: join(folder, 'simulator', 'crm.jsonl'),
  };
}

/** A member's settings, and the address that shows that it is ready. */
export function toMemberSettings(member: Member, world: World): ServiceSettings {
  const { ports, secrets, liveKit } = world;
  const { url, phoneLog, crmLog } = toSimulator(world);
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const rings = liveKit !== undefined && (member === 'dispatcher' || member === 'callTracker');
  const place = {
    simulator: { url, liveKitUrl: rings ? liveKit.url : undefined },
    keys: rings
      ? { ...secrets, liveKitKey: liveKit.apiKey, liveKitSecret: liveKit.apiSecret, trunkId: liveKit.trunkId }
      : { ...secrets, trunkId: 'ST_simulated' },
    // A real person is not called again after twenty seconds.
    timings: rings ? {} : withChoices(human, world.env),
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
  // The real window is the person's own, or the default.
  const { CALL_WINDOW: _simulated, ...real } = env;
  return { env: rings ? real : env, readyUrl: `${at(adminPort)}/readyz` };
}

/**
 * What a person may set in the environment of `npm start`. The simulated people need the other settings as they are.
 */
const choices = ['CALLS_PER_SECOND', 'TEST_NUMBERS', 'RETRY_DELAYS', 'RUPEES_PER_PULSE'];

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
