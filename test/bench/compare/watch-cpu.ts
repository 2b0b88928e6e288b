import { readFileSync } from 'node:fs';
import type { System } from '../start-system.ts';
import { readStat, toBackendName, type ProcessStat } from './read-proc.ts';
import type { Ground } from './start-ground.ts';

/** CPU ms since each began, by who spent it: `ingest`, …, `simulator`, `nats-server`, `postgres ingest`, `postgres others`. */
export type CpuMs = Record<string, number>;

export type CpuWatch = { read(): CpuMs; stop(): void };

const lookEachMs = 500;

/**
 * Reads utime and stime of /proc. Postgres' backends come and go: each is looked at twice a second, and Postgres' own sum
 * of the children that have ended tells what was spent between the last look and the end; that is in `postgres others`,
 * with the postmaster, the writers and autovacuum. The harness' own connection is left out.
 */
export function watchCpu(ground: Ground, system: System): CpuWatch {
  const backends = new Map<number, { name: string; cpuMs: number }>();
  const look = (): number => {
    let living = 0;
    for (const { pid, stat } of childrenOf(ground.postgresPid)) {
      living += stat.cpuMs;
      // One that has ended and was not waited for yet has no command line any more.
      const name = nameOf(pid) || backends.get(pid)?.name;
      if (name !== undefined) backends.set(pid, { name, cpuMs: stat.cpuMs });
    }
    return living;
  };
  const looking = setInterval(look, lookEachMs);
  return {
    read() {
      const living = look();
      const found: CpuMs = { 'nats-server': statOf(ground.natsPid)?.cpuMs ?? 0 };
      for (const [name, { pid }] of Object.entries(system.processes())) found[name] = statOf(pid)?.cpuMs ?? 0;
      let named = 0;
      for (const { name, cpuMs } of backends.values()) {
        const role = /^leadline_(.+)$/.exec(name)?.[1]?.replaceAll('_', '-');
        if (role === undefined && !name.startsWith('postgres ')) continue;
        named += cpuMs;
        if (role !== undefined) found[`postgres ${role}`] = (found[`postgres ${role}`] ?? 0) + cpuMs;
      }
      const postmaster = statOf(ground.postgresPid);
      const all = living + (postmaster?.cpuMs ?? 0) + (postmaster?.endedChildrenCpuMs ?? 0);
      found['postgres others'] = all - named;
      return found;
    },
    stop: () => clearInterval(looking),
  };
}

/** The product's own part: all but the simulated world. */
export function toProductMs(cpu: CpuMs): number {
  return Object.entries(cpu).reduce((sum, [name, ms]) => (name === 'simulator' ? sum : sum + ms), 0);
}

function statOf(pid: number): ProcessStat | undefined {
  try {
    return readStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string | undefined {
  try {
    return toBackendName(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return undefined;
  }
}

function childrenOf(parent: number): { pid: number; stat: ProcessStat }[] {
  // One thread, whose children are all of the process' (proc_tid_children(5)).
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
  return pids.map(Number).flatMap((pid) => {
    const stat = statOf(pid);
    return stat === undefined ? [] : [{ pid, stat }];
  });
}
