import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** The system reuses pids, so a process is known by its pid and its start time. */
const records = z.array(z.object({ name: z.string(), pid: z.int().positive(), startedAt: z.string() }));
type Record = z.infer<typeof records>[number];

/** The name of the run itself in these notes. */
export const runItself = 'npm start';

/** Notes the processes of this run, for the next run in case this one is killed. */
export function noteProcesses(file: string, processes: { name: string; pid: number }[]): void {
  const known = processes.flatMap(({ name, pid }) => {
    const startedAt = startOf(pid);
    return startedAt === undefined ? [] : [{ name, pid, startedAt }];
  });
  writeFileSync(file, `${JSON.stringify(known)}\n`);
}

/** The pid of another run that is still alive, or undefined. */
export function findOtherRun(file: string): number | undefined {
  return readRecords(file).find((record) => record.name === runItself && isAlive(record))?.pid;
}

/** Ends what a killed run left behind, and waits until it is gone. Returns the names of these processes. */
export async function endLeftovers(file: string): Promise<string[]> {
  const left = readRecords(file).filter((record) => record.name !== runItself && isAlive(record));
  for (const { pid } of left) signal(pid, 'SIGINT');
  const deadline = performance.now() + 4_000;
  while (left.some(isAlive)) {
    await wait(50);
    if (performance.now() > deadline) for (const record of left.filter(isAlive)) signal(record.pid, 'SIGKILL');
  }
  return left.map(({ name }) => name);
}

function readRecords(file: string): Record[] {
  if (!existsSync(file)) return [];
  try {
    return records.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The machine went down while this was written, so none of these processes runs any more.
    return [];
  }
}

function isAlive(record: Record): boolean {
  return startOf(record.pid) === record.startedAt;
}

/** When a process started, in this system's own form; undefined if it is gone or a zombie. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // The name in brackets may hold anything. After it come the state and, 20th, the start in ticks since the boot.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const status = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return status === '' || status.startsWith('Z') ? undefined : status.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
