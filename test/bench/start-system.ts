import { freePort } from '@leadline/servers/free-port';
import { join } from 'node:path';
import type { Stand } from './servers.ts';
import { startProcess, type RunningProcess } from './start-process.ts';
import { programOf, type Tree } from './tree.ts';

const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'] as const;
export type Service = (typeof services)[number];

/** The services of a tree and the world that its own simulator makes for them. */
export type System = {
  ingestUrl: string;
  /** Where the simulated phone network writes each INVITE. */
  phoneLog: string;
  /** Those that run now. */
  processes(): Record<string, RunningProcess>;
  /** Ends the dispatcher and starts it again with these settings beside its own. */
  restartDispatcher(settings: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
};

export const apiKey = 'bench-api-key-of-website';
const liveKitKey = { LIVEKIT_API_KEY: 'bench-key', LIVEKIT_API_SECRET: 'bench-secret-of-at-least-32-characters' };

/**
 * Starts the services as they are shipped, each with its own role and user. Caps and pace stand wide open and calls are
 * short, so that neither is what is measured. The simulator is the tree's own: it speaks the contracts of its revision.
 * `folder` holds its logs.
 */
export async function startSystem(
  tree: Tree,
  stand: Stand,
  options: { folder: string; services: readonly Service[] },
): Promise<System> {
  const [simulatorPort, trackerPort] = [String(await freePort()), String(await freePort())];
  const phoneLog = join(options.folder, 'phone.jsonl');
  const running: Record<string, RunningProcess> = {};
  const settings = toSettings(stand, `http://127.0.0.1:${simulatorPort}`);
  const { NATS_URL = '', NATS_USER = '', NATS_PASS = '' } = stand.settings('dashboard', 'agent');
  const start = async (service: Service, more: Record<string, string> = {}): Promise<void> => {
    const file = programOf(tree, `services/${service}/src/main.ts`);
    const listensOn = service === 'dispatcher' || service === 'crm-pusher' ? 'ADMIN_PORT' : 'PORT';
    const port: Record<string, string> = service === 'call-tracker' ? { PORT: trackerPort } : {};
    running[service] = await startProcess(file, { ...settings[service], ...port, ...more }, listensOn);
  };
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(running).map((one) => one.stop()));
  };

  try {
    running['simulator'] = await startProcess(programOf(tree, 'packages/simulator/src/main.ts'), {
      ...liveKitKey,
      NATS_URL,
      NATS_USER,
      NATS_PASS,
      PORT: simulatorPort,
      SIP_TRUNK_ID: 'ST_bench',
      WEBHOOK_URL: `http://127.0.0.1:${trackerPort}/webhooks/livekit`,
      PHONE_LOG: phoneLog,
      CRM_LOG: join(options.folder, 'crm.jsonl'),
      CRM_API_KEY: 'bench-crm-key',
      CRM_REQUESTS_PER_MINUTE: '1000000',
      SIMULATED_RING_SECONDS: '0.1',
      SIMULATED_TALK_SECONDS: '0.5',
    });
    for (const service of services) if (options.services.includes(service)) await start(service);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ingestUrl: `http://127.0.0.1:${running['ingest']?.port}`,
    phoneLog,
    processes: () => ({ ...running }),
    async restartDispatcher(more) {
      await running['dispatcher']?.stop();
      await start('dispatcher', more);
    },
    stop,
  };
}

function toSettings(stand: Stand, world: string): Record<Service, Record<string, string>> {
  const liveKit = { ...liveKitKey, LIVEKIT_URL: world };
  return {
    ingest: { ...stand.settings('ingest', 'ingest'), API_KEYS: `website:${apiKey}` },
    dispatcher: {
      ...stand.settings('dispatcher', 'dispatcher'),
      ...liveKit,
      SIP_TRUNK_ID: 'ST_bench',
      CALL_WINDOW: 'simulated',
      MAX_CONCURRENT_CALLS: '10000',
      CALLS_PER_SECOND: '1000',
      OPS_KEY: 'bench-ops-key-of-operators',
    },
    'call-tracker': {
      ...stand.settings('callTracker', 'call-tracker'),
      ...liveKit,
      MIN_TALK_SECONDS: '0.1',
      AGENT_KEY: 'bench-agent-key-over-http',
    },
    'crm-pusher': {
      ...stand.settings('crmPusher', 'crm-pusher'),
      CRM_URL: `${world}/crm/v1`,
      CRM_API_KEY: 'bench-crm-key',
      CRM_REQUESTS_PER_MINUTE: '100000',
    },
    dashboard: stand.settings('dashboard', 'dashboard'),
  };
}
