import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, endWithUs, untilExit } from '@leadline/servers/reaper';
import type { Running } from './supervise.ts';

/** What is known of a service before what it stands on runs. */
export type ServiceProgram = {
  name: string;
  /** The file that Node runs. */
  main: string;
  /** Code that it needs, which is read before its settings are known. */
  readFirst: readonly string[];
  logFile: string;
  env: Record<string, string>;
};

/** What it is told once that runs. */
export type ServiceSettings = {
  env: Readonly<Record<string, string>>;
  /** Answers 200 when the process works. */
  readyUrl: string;
};

const holdStart = join(import.meta.dirname, 'hold-start.ts');

/**
 * Runs a service as a process of its own, which goes on once `settings` are there. What it says goes to its log file.
 * `started` is called once it listens on its ports: by its own word, for on a port that was taken somebody else answers.
 */
export async function startService(
  program: ServiceProgram,
  settings: Promise<ServiceSettings>,
  started: () => void,
): Promise<Running> {
  if (!existsSync(program.main)) throw new Error(`there is no ${program.main}`);
  const log = openSync(program.logFile, 'a', 0o600);
  // A group of its own: Ctrl-C is for us, and we end the services in order.
  const child = spawn(process.execPath, ['--import', holdStart, program.main], {
    env: { ...program.env, LEADLINE_READ_FIRST: program.readFirst.join('\n') },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  endWithUs(child);
  child.once('message', started);
  const exited = untilExit(child);
  if (child.pid === undefined) throw new Error(await exited);
  // It may be gone by then, and so may what it stands on: both are told elsewhere.
  settings.then(({ env }) => child.connected && child.send(env, () => undefined)).catch(() => undefined);
  return { pid: child.pid, exited, stop: () => endProcess(child, 'SIGTERM', 15_000) };
}

/** Keeps the log of the start before as `<name>.before.log`. */
export function startNewLog(logFile: string): void {
  if (existsSync(logFile)) renameSync(logFile, logFile.replace(/\.log$/, '.before.log'));
}

/** Whether the address answers 200 within 2 s. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
