import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalConfig } from './config.ts';
import { openCrew } from './crew.ts';
import { freePort } from './free-port.ts';
import { noteProcesses, runItself } from './leftovers.ts';
import { toRunFile, writeRunFile, type RunFile } from './run-file.ts';
import { loadSecrets } from './secrets.ts';
import { friendlyPorts, toServices, toSimulator, type Ports, type World } from './service-list.ts';
import { startNewLog, startService, untilServiceReady } from './service-process.ts';
import { startDatabase, startMessages, useDatabase, useMessages } from './start-servers.ts';

export type RunningWorld = {
  run: RunFile;
  /** Services first, then the simulated world, then the servers. */
  stop(): Promise<void>;
};

/**
 * Starts everything on this machine and keeps it running: Postgres, nats-server, the simulated world, the services.
 * `env` reaches the services, so that their settings can be tried out.
 * @throws Error in words for the person when a part does not start; what did start is ended again
 */
export async function startWorld(
  config: LocalConfig,
  env: Record<string, string>,
  say: (line: string) => void,
): Promise<RunningWorld> {
  const folder = config.LEADLINE_STATE_DIR;
  for (const name of ['logs', 'simulator']) mkdirSync(join(folder, name), { recursive: true });
  const runFile = join(folder, 'run.json');
  let run: RunFile | undefined;

  const crew = openCrew({
    say,
    changed() {
      const everyone = Object.entries(crew.pids()).map(([name, pid]) => ({ name, pid }));
      noteProcesses(join(folder, 'processes.json'), [{ name: runItself, pid: process.pid }, ...everyone]);
      if (run === undefined) return;
      run.processes = { ...run.processes, ...crew.pids('service'), ...crew.pids('server') };
      writeRunFile(runFile, run);
    },
  });
  const stop = async (): Promise<void> => {
    run = undefined;
    rmSync(runFile, { force: true });
    await crew.stop();
  };

  try {
    const ports = await choosePorts();
    const secrets = loadSecrets(join(folder, 'secrets.json'));
    const ground = { folder, secrets, crew, say };
    const [database, nats] = await Promise.all([
      config.DATABASE_URL === undefined
        ? startDatabase(ground, ports.postgres)
        : useDatabase(config.DATABASE_URL, env, say),
      config.NATS_URL === undefined ? startMessages(ground, ports.nats) : useMessages(config.NATS_URL),
    ]);
    const world: World = { folder, secrets, database, nats, ports, env };

    say('starting the services');
    const simulator = toSimulator(world);
    // First, for a dispatcher asks at its start whether it speaks to the simulator.
    await crew.keep('simulator', 'simulator', 'simulator', () => startService(simulator));
    await untilServiceReady(simulator, 20_000);
    await Promise.all(
      [...toServices(world)].map(async ([key, service]) => {
        startNewLog(service.logFile);
        await crew.keep('service', key, service.name, () => startService(service));
        await untilServiceReady(service, 30_000);
      }),
    );
    run = toRunFile(world, simulator, { ...crew.pids('service'), ...crew.pids('server') });
    writeRunFile(runFile, run);
    return { run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function choosePorts(): Promise<Ports> {
  const ports: Ports = { ...friendlyPorts };
  let name: keyof Ports;
  for (name in friendlyPorts) ports[name] = await freePort(friendlyPorts[name]);
  return ports;
}
