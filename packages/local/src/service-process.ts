import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { endProcess, endWithUs, untilExit } from './reaper.ts';
import type { Running } from './supervise.ts';

export type ServiceProcess = {
  name: string;
  /** The file that Node runs. */
  main: string;
  env: Record<string, string>;
  /** Answers 200 when the process works. */
  readyUrl: string;
  logFile: string;
};

/**
 * Runs a service as a process of its own. What it says goes to its log file; what it stands on is its own business.
 * `started` is called once it listens on its ports: by its own word, for on a port that was taken somebody else answers.
 */
export async function startService(service: ServiceProcess, started: () => void): Promise<Running> {
  if (!existsSync(service.main)) throw new Error(`there is no ${service.main}`);
  const log = openSync(service.logFile, 'a', 0o600);
  // A group of its own: Ctrl-C is for us, and we end the services in order.
  const child = spawn(process.execPath, [service.main], {
    env: service.env,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  endWithUs(child);
  child.once('message', started);
  const exited = untilExit(child);
  if (child.pid === undefined) throw new Error(await exited);
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
