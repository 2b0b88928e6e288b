import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, endWithUs, untilExit } from '@leadline/servers/reaper';
import type { Running } from './supervise.ts';

/** What we know about a service before its servers run. */
export type ServiceProgram = {
  name: string;
  /** The file for Node to run. */
  main: string;
  /** Code to load before the settings are known. */
  readFirst: readonly string[];
  logFile: string;
  env: Record<string, string>;
};

/** What it gets once its servers run. */
export type ServiceSettings = {
  env: Readonly<Record<string, string>>;
  /** Answers 200 when the process is ready. */
  readyUrl: string;
};

const holdStart = join(import.meta.dirname, 'hold-start.ts');

/**
 * Runs a service as a process of its own, which continues once `settings` resolve. Its output goes to its log file.
 * Calls `started` once the service itself says that it listens, because on a taken port somebody else would answer.
 */
export async function startService(
  program: ServiceProgram,
  settings: Promise<ServiceSettings>,
  started: () => void,
): Promise<Running> {
  if (!existsSync(program.main)) throw new Error(`there is no ${program.main}`);
  const log = openSync(program.logFile, 'a', 0o600);
  // A process group of its own: Ctrl-C then reaches only us, and we end the services in order.
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
  // The process may be gone by then, and its servers too; both are reported elsewhere.
  settings.then(({ env }) => child.connected && child.send(env, () => undefined)).catch(() => undefined);
  return { pid: child.pid, exited, stop: () => endProcess(child, 'SIGTERM', 15_000) };
}

/** Keeps the previous start's log as `<name>.before.log`. */
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
