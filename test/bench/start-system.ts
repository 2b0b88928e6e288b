import { serviceNames, serviceOf, type ServiceName } from '@leadline/contracts/services';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@leadline/servers/free-port';
import { join } from 'node:path';
import { bench, withTimings, type Settings } from '@leadline/world/timings';
import { toSettings } from '@leadline/world/to-settings';
import { keys, type Stand } from './servers.ts';
import { compileCache, startProcess, type RunningProcess } from './start-process.ts';
import { programOf, type Tree } from './tree.ts';

const run = promisify(execFile);
const services = serviceNames;
export type Service = ServiceName;

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
  const [simulatorPort, trackerPort] = [await freePort(), await freePort()];
  const phoneLog = join(options.folder, 'phone.jsonl');
  const running: Record<string, RunningProcess> = {};
  const place = { simulator: { url: `http://127.0.0.1:${simulatorPort}` }, keys };
  const start = async (service: Service, more: Settings = {}): Promise<void> => {
    const { key } = serviceOf(service);
    const settings = toSettings(key, {
      ...place,
      servers: stand.servers(key),
      port: service === 'call-tracker' ? trackerPort : undefined,
      timings: withTimings(bench, { [key]: more }),
    });
    const listensOn = service === 'dispatcher' || service === 'crm-pusher' ? 'ADMIN_PORT' : 'PORT';
    const main = programOf(tree, `services/${service}/src/main.ts`);
    // Fills the cache, as when an image is built.
    await run(process.execPath, [fileURLToPath(main), '--version'], { env: compileCache });
    running[service] = await startProcess(main, settings, listensOn);
  };
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(running).map((service) => service.stop()));
  };

  try {
    const settings = toSettings('simulator', {
      ...place,
      servers: { nats: stand.nats('agent') },
      port: simulatorPort,
      timings: bench,
      outside: {
        webhookUrl: `http://127.0.0.1:${trackerPort}/webhooks/livekit`,
        phoneLog,
        crmLog: join(options.folder, 'crm.jsonl'),
      },
    });
    running['simulator'] = await startProcess(programOf(tree, 'packages/simulator/src/main.ts'), settings);
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
