import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LocalConfig } from './config.ts';
import { openProcessGroup, type Stage } from './process-group.ts';
import { freePort } from '@leadline/servers/free-port';
import { noteProcesses, runItself } from './leftovers.ts';
import { toRunFile, writeRunFile, type RunFile } from './run-file.ts';
import { loadSecrets } from './secrets.ts';
import {
  friendlyPorts,
  members,
  portsOf,
  toMemberSettings,
  toProgram,
  toSimulator,
  type Ports,
  type World,
} from './service-list.ts';
import type { Member } from '@leadline/world/to-settings';
import { answersOk, startNewLog, startService } from './service-process.ts';
import { startDatabase, startMessages, useDatabase, useMessages } from './start-servers.ts';

export type RunningWorld = {
  /** The current state: a port may change during the run. */
  run(): RunFile;
  /** Stops services first, then the simulated world, then the servers. */
  stop(): Promise<void>;
};

type Options = {
  /** Passed to the services, so that people can try out settings. */
  env: Record<string, string>;
  say: (line: string) => void;
  /** Called when nats-server had to take another port. */
  natsMoved: () => void;
};

/**
 * Starts everything on this machine and keeps it running: Postgres, nats-server, the simulated world, the services.
 * @throws Error in words for the person when a part does not start; parts that did start are stopped again
 */
export async function startWorld(config: LocalConfig, { env, say, natsMoved }: Options): Promise<RunningWorld> {
  const folder = config.LEADLINE_STATE_DIR;
  for (const name of ['logs', 'simulator']) mkdirSync(join(folder, name), { recursive: true });
  const free = freeMegabytes(folder);
  if (free < wantedMegabytes)
    say(`only ${free} MB are free in ${folder}: Leadline needs ${wantedMegabytes} MB or more`);
  const runFile = join(folder, 'run.json');
  let world: World | undefined;
  let run: RunFile | undefined;

  const group = openProcessGroup({
    say: (line) => say(freeMegabytes(folder) < 1 ? `${line} (the disk of ${folder} is full: free some of it)` : line),
    changed() {
      const everyone = Object.entries(group.pids()).map(([name, pid]) => ({ name, pid }));
      noteProcesses(join(folder, 'processes.json'), [{ name: runItself, pid: process.pid }, ...everyone]);
      if (world === undefined || run === undefined) return;
      const { nats, processes } = run;
      tellRun(world, processes);
      if (run.nats.url !== nats.url) natsMoved();
      realign().catch((error: unknown) => say(String(error)));
    },
  });
  const tellRun = (now: World, before: RunFile['processes']): void => {
    run = toRunFile(now, toSimulator(now), { ...before, ...group.pids('service'), ...group.pids('server') });
    writeRunFile(runFile, run);
  };
  const stop = async (): Promise<void> => {
    world = undefined;
    rmSync(runFile, { force: true });
    await group.stop();
  };

  /** The settings that each member got last, and the members that listen. */
  const givenSettings = new Map<Member, string>();
  const listening = new Set<Member>();
  const restarting = new Set<Member>();

  /** Starts a member and loads its code; it continues when `ground` is there. Resolves when it is ready. */
  const keep = async (stage: Stage, member: Member, ground: Promise<World>): Promise<void> => {
    const program = toProgram(member, folder, env);
    startNewLog(program.logFile);
    await group.keep(stage, member, program.name, async () => {
      listening.delete(member);
      givenSettings.delete(member);
      const settings = ground.then(async (stood) => {
        await moveFromTaken(member, program.name);
        const given = toMemberSettings(member, stood);
        givenSettings.set(member, JSON.stringify(given.env));
        return given;
      });
      return startService(program, settings, () => listening.add(member));
    });
    const started = await ground;
    const deadline = performance.now() + 30_000;
    while (!listening.has(member) || !(await answersOk(toMemberSettings(member, started).readyUrl))) {
      if (performance.now() > deadline)
        throw new Error(`${program.name} is not ready; it says why in ${program.logFile}`);
      await wait(15);
    }
  };

  /** Replaces ports that somebody else took while the member did not listen. */
  const moveFromTaken = async (member: Member, name: string): Promise<void> => {
    for (const port of portsOf[member]) {
      const before = ports[port];
      ports[port] = await freePort(before);
      if (ports[port] !== before)
        say(`port ${before} is taken by another program: ${name} listens on ${ports[port]} instead`);
    }
  };

  /** Restarts members whose known addresses have changed. */
  const realign = async (): Promise<void> => {
    const now = world;
    if (now === undefined) return;
    const isStale = (member: Member): boolean =>
      !restarting.has(member) &&
      givenSettings.has(member) &&
      givenSettings.get(member) !== JSON.stringify(toMemberSettings(member, now).env);
    await Promise.all(
      members.filter(isStale).map(async (member) => {
        restarting.add(member);
        await group.restart(member).finally(() => restarting.delete(member));
      }),
    );
  };

  const ports = await choosePorts(say);
  try {
    const secrets = loadSecrets(join(folder, 'secrets.json'));
    const ground = { folder, secrets, group, ports, say };
    const servers = Promise.all([
      config.DATABASE_URL === undefined ? startDatabase(ground) : useDatabase(config.DATABASE_URL, env, say),
      config.NATS_URL === undefined ? startMessages(ground) : useMessages(config.NATS_URL),
    ]).then(([database, nats]): World => {
      say('starting the services');
      return { folder, secrets, database, nats, ports, env, liveKit: config.liveKit };
    });
    const simulator = keep('simulator', 'simulator', servers);
    // At its start, a dispatcher checks that it talks to the simulator.
    const simulated = simulator.then(() => servers);
    const services = members
      .filter((member) => member !== 'simulator')
      .map((member) => keep('service', member, member === 'dispatcher' ? simulated : servers));
    const [started] = await Promise.all([servers, simulator, ...services]);
    world = started;
    tellRun(started, {});
    await realign();
    return { run: () => run ?? toRunFile(started, toSimulator(started), {}), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Postgres begins with 60 MB and keeps some files of 16 MB in advance for its log. */
const wantedMegabytes = 300;

function freeMegabytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / 1_000_000);
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
