import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LocalConfig } from './config.ts';
import { openCrew, type Stage } from './crew.ts';
import { freePort } from './free-port.ts';
import { noteProcesses, runItself } from './leftovers.ts';
import { toRunFile, writeRunFile, type RunFile } from './run-file.ts';
import { loadSecrets } from './secrets.ts';
import { friendlyPorts, portsOf, toServices, toSimulator, type Ports, type World } from './service-list.ts';
import { answersOk, startNewLog, startService, type ServiceProcess } from './service-process.ts';
import { startDatabase, startMessages, useDatabase, useMessages } from './start-servers.ts';

export type RunningWorld = {
  /** What is so at this moment: a port may change while it runs. */
  run(): RunFile;
  /** Services first, then the simulated world, then the servers. */
  stop(): Promise<void>;
};

type Options = {
  /** Reaches the services, so that their settings can be tried out. */
  env: Record<string, string>;
  say: (line: string) => void;
  /** nats-server had to take another port. */
  natsMoved: () => void;
};

type Member = keyof typeof portsOf;

/**
 * Starts everything on this machine and keeps it running: Postgres, nats-server, the simulated world, the services.
 * @throws Error in words for the person when a part does not start; what did start is ended again
 */
export async function startWorld(config: LocalConfig, { env, say, natsMoved }: Options): Promise<RunningWorld> {
  const folder = config.LEADLINE_STATE_DIR;
  for (const name of ['logs', 'simulator']) mkdirSync(join(folder, name), { recursive: true });
  const runFile = join(folder, 'run.json');
  let world: World | undefined;
  let run: RunFile | undefined;

  const crew = openCrew({
    say,
    changed() {
      const everyone = Object.entries(crew.pids()).map(([name, pid]) => ({ name, pid }));
      noteProcesses(join(folder, 'processes.json'), [{ name: runItself, pid: process.pid }, ...everyone]);
      if (world === undefined || run === undefined) return;
      const { nats, processes } = run;
      tellRun(world, processes);
      if (run.nats.url !== nats.url) natsMoved();
      realign().catch((error: unknown) => say(String(error)));
    },
  });
  const tellRun = (told: World, before: RunFile['processes']): void => {
    run = toRunFile(told, toSimulator(told), { ...before, ...crew.pids('service'), ...crew.pids('server') });
    writeRunFile(runFile, run);
  };
  const stop = async (): Promise<void> => {
    world = undefined;
    rmSync(runFile, { force: true });
    await crew.stop();
  };

  /** With which settings each was started, and who has said that it listens. */
  const settings = new Map<Member, string>();
  const listening = new Set<Member>();
  const restarting = new Set<Member>();

  const keep = async (stage: Stage, member: Member, now: () => ServiceProcess): Promise<void> => {
    startNewLog(now().logFile);
    await crew.keep(stage, member, now().name, async () => {
      await moveFromTaken(member, now().name);
      const service = now();
      settings.set(member, JSON.stringify(service.env));
      listening.delete(member);
      return startService(service, () => listening.add(member));
    });
    const deadline = performance.now() + 30_000;
    while (!listening.has(member) || !(await answersOk(now().readyUrl))) {
      if (performance.now() > deadline) throw new Error(`${now().name} is not ready; it says why in ${now().logFile}`);
      await wait(15);
    }
  };

  /** Its ports that somebody took while it did not listen are other ports. */
  const moveFromTaken = async (member: Member, name: string): Promise<void> => {
    for (const port of portsOf[member]) {
      const before = ports[port];
      ports[port] = await freePort(before);
      if (ports[port] !== before)
        say(`port ${before} is taken by another program: ${name} listens on ${ports[port]} instead`);
    }
  };

  /** Who knows an address that is another one by now is started again. */
  const realign = async (): Promise<void> => {
    if (world === undefined) return;
    const now = new Map<Member, ServiceProcess>([['simulator', toSimulator(world)], ...toServices(world)]);
    const stale = [...now].filter(
      ([member, { env: wanted }]) =>
        !restarting.has(member) && crew.pids()[member] !== undefined && settings.get(member) !== JSON.stringify(wanted),
    );
    await Promise.all(
      stale.map(async ([member]) => {
        restarting.add(member);
        await crew.restart(member).finally(() => restarting.delete(member));
      }),
    );
  };

  const ports = await choosePorts(say);
  try {
    const secrets = loadSecrets(join(folder, 'secrets.json'));
    const ground = { folder, secrets, crew, ports, say };
    const [database, nats] = await Promise.all([
      config.DATABASE_URL === undefined ? startDatabase(ground) : useDatabase(config.DATABASE_URL, env, say),
      config.NATS_URL === undefined ? startMessages(ground) : useMessages(config.NATS_URL),
    ]);
    const started: World = { folder, secrets, database, nats, ports, env };

    say('starting the services');
    // First, for a dispatcher asks at its start whether it speaks to the simulator.
    await keep('simulator', 'simulator', () => toSimulator(started));
    const services = () => toServices(started);
    await Promise.all(
      [...services()].map(([role, first]) => keep('service', role, () => services().get(role) ?? first)),
    );
    world = started;
    tellRun(started, {});
    await realign();
    return { run: () => run ?? toRunFile(started, toSimulator(started), {}), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function choosePorts(say: (line: string) => void): Promise<Ports> {
  const ports: Ports = { ...friendlyPorts };
  const taken: number[] = [];
  let name: keyof Ports;
  for (name in friendlyPorts) {
    ports[name] = await freePort(friendlyPorts[name]);
    if (ports[name] !== friendlyPorts[name]) taken.push(friendlyPorts[name]);
  }
  if (taken.length > 0) say(`taken by other programs: port ${taken.join(', ')}; others are used instead`);
  return ports;
}
