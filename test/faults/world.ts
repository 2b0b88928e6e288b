import { initDatabase } from '@leadline/database/init-database';
import { serviceOf, type ServiceKey } from '@leadline/contracts/services';
import { roleUrl } from '@leadline/database/roles';
import { findNatsServer } from '@leadline/servers/find-nats-server';
import { freePort } from '@leadline/servers/free-port';
import { removeWithUs } from '@leadline/servers/reaper';
import { connectNats, type Nats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { natsUsers, type NatsUser } from '@leadline/messaging/permissions';
import { durables } from '@leadline/messaging/topology';
import { rolePasswords } from '@leadline/testing/role-passwords';
import { silentLog } from '@leadline/testing/silent-log';
import { faults, withTimings, type Settings, type Timings } from '@leadline/world/timings';
import { toSettings, type Keys } from '@leadline/world/to-settings';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'pg';
import { openClock, type Clock } from './clock.ts';
import { keepProcess, type Kept } from './kept-process.ts';
import { openLink, type Link } from '@leadline/servers/link';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { untilOk, untilReady } from './wait-for-services.ts';
import { keepNats, keepNatsCluster, keepPostgres, type Server } from './servers.ts';

export const durableNames = Object.entries(durables);

const serviceNames = [
  'ingest',
  'ingest-joining',
  'dispatcher-1',
  'dispatcher-2',
  'call-tracker',
  'crm-pusher',
  'dashboard',
] as const;
/** Where two versions run side by side, these are of the other one. */
const besideNames = ['ingest-joining', 'dispatcher-2', 'call-tracker-2', 'crm-pusher-2', 'dashboard-2'] as const;
export type ServiceName = (typeof serviceNames)[number] | (typeof besideNames)[number];

export type Policy = typeof usualPolicy;

/** Waits of minutes are seconds here; the rules are the same. */
export const usualPolicy = {
  ringSeconds: 2,
  maxCallSeconds: 10,
  leewaySeconds: 1,
  providerRingSeconds: 4,
  reportGraceSeconds: 3,
  maxCalls: 56,
  callsPerSecond: 20,
  maxRetries: 2,
};

export const loadPolicy: Policy = { ...usualPolicy, maxCalls: 100, callsPerSecond: 60 };

const repository = join(import.meta.dirname, '../..');
const state = join(repository, '.leadline');
const keys: Keys = {
  apiKey: 'faults-api-key-of-website',
  opsKey: 'faults-ops-key-of-operators',
  agentKey: 'faults-agent-key-over-http',
  liveKitKey: 'faults-key',
  liveKitSecret: 'faults-secret-of-at-least-32-characters',
  crmKey: 'faults-crm-key-of-the-tenant',
  trunkId: 'ST_faults',
};
/** What may stand in no log, metric, header or answer. */
export const secrets = [keys.apiKey, keys.opsKey, keys.liveKitSecret, keys.crmKey, keys.agentKey];

export type World = {
  folder: string;
  policy: Policy;
  apiKey: string;
  ingestUrl: string;
  /** Of an ingest over which enquiries join their buyer's open lead. */
  joiningUrl: string;
  adminUrls: Map<ServiceName, string>;
  services: Map<ServiceName, Kept>;
  simulator: Kept;
  links: Map<string, Link>;
  /** The one that the links lead to. */
  readonly postgres: Server;
  natsServer: Server;
  /** That one, or all three of a cluster. */
  natsNodes: Server[];
  /** `postgres`, `nats`: those that can be filled. */
  disks: Map<string, SmallDisk>;
  /** Where they can be stepped: of Postgres, as `postgres`, and of each service. */
  clocks: Map<string, Clock>;
  phoneLog: string;
  crmLog: string;
  logFiles: string[];
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** As the user ops, past the links. */
  ops: Nats;
  provisioner: Nats;
  control(path: string, body: unknown): Promise<void>;
  /** From now on every link to Postgres leads to this one; the caller stops the one before. */
  leadTo(postgres: Server): void;
  shiftClock(ms: number): void;
  stop(): Promise<void>;
};

export type WorldOptions = {
  source?: string;
  /** Another version's tree: one replica of each service runs from it, beside one of `source`. */
  beside?: string;
  policy: Policy;
  /** Three nats-servers, each stream on all of them. */
  cluster?: boolean;
  /** Other settings for the dispatchers. */
  dispatcher?: Record<string, string>;
  /** File systems of so many megabytes, which can be filled. */
  disks?: { postgres?: number; nats?: number };
  /** Each service and Postgres has a clock of its own. */
  clocks?: boolean;
  say: (line: string) => void;
};

/**
 * Everything as separate processes, and a proxy of ours on each way between two of them. `source` is the tree whose
 * services run: the repository, or a copy of it with a protection taken out.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { policy } = options;
  const source = options.source ?? repository;
  mkdirSync(state, { recursive: true });
  const folder = mkdtempSync(join(state, 'faults-'));
  removeWithUs(folder);
  const path = await findNatsServer({ toolsDir: join(state, 'tools'), say: options.say });
  const natsPasswords = Object.fromEntries(natsUsers.map((user) => [user, `faults-${user}`])) as Record<
    NatsUser,
    string
  >;

  const disks = Object.entries(options.disks ?? {}).map(
    ([name, megabytes]) => [name, mountSmallDisk(join(folder, name), megabytes)] as const,
  );
  const clocks = new Map<string, Clock>();
  /** What a process is started with, so that its clock can be stepped. */
  const clockOf = (name: string): Record<string, string> => {
    if (options.clocks !== true) return {};
    const clock = openClock(folder, name);
    clocks.set(name, clock);
    return clock.env;
  };
  const database = await keepPostgres(join(folder, 'postgres'), clockOf('postgres'));
  const nodes = options.cluster
    ? await keepNatsCluster(path, join(folder, 'nats'), natsPasswords)
    : [await keepNats(path, join(folder, 'nats'), natsPasswords)];
  const [natsServer] = nodes;
  if (natsServer === undefined) throw new Error('there is no NATS');
  const natsPort = (): number => (nodes.find(({ isUp }) => isUp) ?? natsServer).port;
  await initDatabase({ url: database.url, rolePasswords });
  const connectAs = (user: NatsUser): Promise<Nats> =>
    connectNats({ url: natsServer.url, user, pass: natsPasswords[user], name: `faults ${user}`, log: silentLog });
  const provisioner = await connectAs('provisioner');
  await provisionWhenLed(provisioner, nodes.length);
  const ops = await connectAs('ops');

  let serving = database;
  const ownLink = await openLink('campaign-postgres', () => serving.port);
  const ownUrl = new URL(database.url);
  ownUrl.port = String(ownLink.port);
  const pool = new Pool({ connectionString: ownUrl.href, max: 4 });
  pool.on('error', () => undefined);

  const [simulatorPort, ingestPort, joiningPort] = [await freePort(), await freePort(), await freePort()];
  /** Of each call-tracker; webhooks come to them in turn. */
  const trackerPorts: number[] = [];
  let webhooks = 0;
  const links = new Map<string, Link>();
  const link = async (name: string, target: () => number): Promise<Link> => {
    const opened = await openLink(name, target);
    links.set(name, opened);
    return opened;
  };
  const logFile = (name: string): string => join(folder, `${name}.log`);
  const phoneLog = join(folder, 'phone.jsonl');
  const crmLog = join(folder, 'crm.jsonl');
  const agentLink = await link('agent-nats', natsPort);
  const webhookLink = await link('livekit-webhooks', () => trackerPorts[webhooks++ % trackerPorts.length] ?? 0);
  let shiftMs = 0;
  const greeting = (): object => ({ shiftMs });
  const compileCache = join(state, 'compile-cache');
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const timings = toTimings(policy);
  const simulator = await keepProcess({
    name: 'simulator',
    args: [join(repository, 'packages/simulator/src/main.ts')],
    logFile: logFile('simulator'),
    greeting,
    env: {
      ...toSettings('simulator', {
        servers: { nats: { url: `nats://127.0.0.1:${agentLink.port}`, user: 'agent', pass: natsPasswords.agent } },
        simulator: { url: simulatorUrl },
        port: simulatorPort,
        keys,
        timings,
        outside: { webhookUrl: `http://127.0.0.1:${webhookLink.port}/webhooks/livekit`, phoneLog, crmLog },
      }),
      NODE_COMPILE_CACHE: compileCache,
    },
  });
  await untilOk(simulatorUrl, 20_000);

  const treeOf = (name: ServiceName): string =>
    besideNames.some((other) => other === name) ? (options.beside ?? source) : source;
  const adminUrls = new Map<ServiceName, string>();
  const services = new Map<ServiceName, Kept>();
  const launch = async (name: ServiceName, key: ServiceKey, port?: number, over: Settings = {}): Promise<void> => {
    const postgresLink = await link(`${name}-postgres`, () => serving.port);
    const natsLink = await link(`${name}-nats`, natsPort);
    const rings = key === 'dispatcher' || key === 'callTracker';
    const liveKitLink = rings ? await link(`${name}-livekit`, () => simulatorPort) : undefined;
    const crmLink = key === 'crmPusher' ? await link(`${name}-crm`, () => simulatorPort) : undefined;
    const url = new URL(roleUrl(database.url, key, rolePasswords[key]));
    url.port = String(postgresLink.port);
    const adminPort = await freePort();
    adminUrls.set(name, `http://127.0.0.1:${adminPort}`);
    const user = serviceOf(key).name;
    const settings = toSettings(key, {
      servers: {
        databaseUrl: url.href,
        nats: { url: `nats://127.0.0.1:${natsLink.port}`, user, pass: natsPasswords[user] },
      },
      simulator: {
        url: simulatorUrl,
        liveKitUrl: liveKitLink && `http://127.0.0.1:${liveKitLink.port}`,
        crmUrl: crmLink && `http://127.0.0.1:${crmLink.port}/crm/v1`,
      },
      port,
      adminPort,
      keys,
      timings: withTimings(timings, { [key]: over }),
    });
    services.set(
      name,
      await keepProcess({
        name,
        args: [join(treeOf(name), 'test/faults/service-process.ts'), user],
        logFile: logFile(name),
        greeting,
        env: { ...settings, NODE_COMPILE_CACHE: compileCache, ...clockOf(name) },
      }),
    );
  };
  await launch('ingest', 'ingest', ingestPort);
  await launch('ingest-joining', 'ingest', joiningPort, { DEDUPE_DAYS: '1' });
  await launch('dispatcher-1', 'dispatcher', undefined, options.dispatcher);
  await launch('dispatcher-2', 'dispatcher', undefined, options.dispatcher);
  const isBeside = options.beside !== undefined;
  for (const name of ['call-tracker', ...(isBeside ? ['call-tracker-2' as const] : [])] as const) {
    const port = await freePort();
    trackerPorts.push(port);
    await launch(name, 'callTracker', port);
  }
  for (const name of ['crm-pusher', ...(isBeside ? ['crm-pusher-2' as const] : [])] as const)
    await launch(name, 'crmPusher');
  for (const name of ['dashboard', ...(isBeside ? ['dashboard-2' as const] : [])] as const)
    await launch(name, 'dashboard', await freePort());

  const world: World = {
    folder,
    policy,
    apiKey: keys.apiKey,
    ingestUrl: `http://127.0.0.1:${ingestPort}`,
    joiningUrl: `http://127.0.0.1:${joiningPort}`,
    adminUrls,
    services,
    simulator,
    links,
    phoneLog,
    crmLog,
    logFiles: [...services.keys(), 'simulator'].map(logFile),
    ops,
    provisioner,
    get postgres() {
      return serving;
    },
    natsServer,
    natsNodes: nodes,
    disks: new Map(disks),
    clocks,
    async query<Row>(text: string, values: unknown[] = []) {
      return (await pool.query(text, values)).rows as Row[];
    },
    async control(at, body) {
      const response = await fetch(`${simulatorUrl}/control${at}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`the simulator refused: ${await response.text()}`);
    },
    leadTo(postgres) {
      serving = postgres;
      for (const opened of [ownLink, ...links.values()])
        if (opened.name.endsWith('-postgres')) opened.suffer({ kind: 'reset' });
    },
    shiftClock(ms) {
      shiftMs = ms;
      for (const service of services.values()) service.tell({ shiftMs });
    },
    async stop() {
      await Promise.all([...services.values()].map((service) => service.stop()));
      await simulator.stop();
      await Promise.all([ops.close(), provisioner.close(), pool.end()]);
      await Promise.all([ownLink, ...links.values()].map((opened) => opened.close()));
      await Promise.all(nodes.map((node) => node.stop()));
      await serving.stop();
      for (const [, disk] of disks) disk.unmount();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilReady(world, 40_000);
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

/** The timings of the campaign, with the numbers that its checks hold the services to. */
function toTimings(policy: Policy): Timings {
  const leeway = { LIVEKIT_LEEWAY_SECONDS: String(policy.leewaySeconds) };
  return withTimings(faults, {
    simulator: leeway,
    calls: {
      ...leeway,
      RING_SECONDS: String(policy.ringSeconds),
      MAX_CALL_SECONDS: String(policy.maxCallSeconds),
      REPORT_GRACE_SECONDS: String(policy.reportGraceSeconds),
    },
    dispatcher: {
      // Longer than the durable's ack_wait, as it is in production: what a killed tracker had in hand comes back by then, and
      // until it does its reports are not heard. Dialling would else stand still for 30 s after each such kill.
      REPORT_GRACE_SECONDS: '40',
      CALLS_PER_SECOND: String(policy.callsPerSecond),
      MAX_CONCURRENT_CALLS: String(policy.maxCalls),
      MAX_CALL_RETRIES: String(policy.maxRetries),
    },
    callTracker: { PROVIDER_RING_LIMIT_SECONDS: String(policy.providerRingSeconds) },
  });
}

/** A cluster elects its leaders first. */
async function provisionWhenLed(provisioner: Nats, servers: number): Promise<void> {
  const deadline = performance.now() + 40_000;
  for (;;) {
    try {
      return await provision(provisioner, servers);
    } catch (error) {
      if (servers === 1 || performance.now() > deadline) throw error;
      await wait(500);
    }
  }
}
