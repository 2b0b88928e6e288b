import { endWithUs } from '@leadline/servers/reaper';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A process that is started again whenever it ends, until it is stopped for good. */
export type Kept = {
  name: string;
  readonly pid: number | undefined;
  logFile: string;
  /** Ends of the process that nobody of ours caused, in words. */
  unexpected: string[];
  /** At once, and started again a little later. */
  kill(): void;
  freeze(): void;
  thaw(): void;
  /** SIGTERM: how it ended and how long that took; undefined when it was killed meanwhile. It is started again. */
  terminate(): Promise<{ exit: string; tookMs: number } | undefined>;
  tell(message: object): void;
  stop(): Promise<void>;
};

const againAfterMs = 400;

export async function keepProcess(options: {
  name: string;
  args: string[];
  env: Record<string, string>;
  logFile: string;
  /** What each new process is told first. */
  greeting: () => object;
}): Promise<Kept> {
  let child: ChildProcess | undefined;
  let stopped = false;
  let frozen = false;
  const expected = new Set<ChildProcess>();
  const killed = new Set<ChildProcess>();
  const unexpected: string[] = [];

  const start = (): void => {
    const log = openSync(options.logFile, 'a', 0o600);
    const started = spawn(process.execPath, options.args, {
      env: { PATH: process.env['PATH'], ...options.env },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    endWithUs(started);
    started.on('error', () => undefined);
    started.send(options.greeting(), () => undefined);
    started.once('exit', (code, signal) => {
      if (!expected.has(started))
        unexpected.push(`${options.name} ended by ${signal ?? `exit code ${code}`}: ${lastWords(options.logFile)}`);
      child = undefined;
      frozen = false;
      if (!stopped) setTimeout(() => (stopped ? undefined : start()), againAfterMs);
    });
    child = started;
  };
  start();

  const signal = (name: NodeJS.Signals): void => {
    if (child === undefined) return;
    if (name !== 'SIGSTOP' && name !== 'SIGCONT') expected.add(child);
    if (name === 'SIGKILL') killed.add(child);
    child.kill(name);
  };
  return {
    name: options.name,
    get pid() {
      return child?.pid;
    },
    logFile: options.logFile,
    unexpected,
    kill: () => signal('SIGKILL'),
    freeze() {
      frozen = true;
      signal('SIGSTOP');
    },
    thaw() {
      if (frozen) signal('SIGCONT');
      frozen = false;
    },
    async terminate() {
      const ending = child;
      if (ending === undefined) return undefined;
      const since = performance.now();
      signal('SIGTERM');
      await Promise.race([once(ending, 'exit'), wait(40_000)]);
      if (killed.has(ending)) return undefined;
      const tookMs = performance.now() - since;
      if (ending.exitCode === 0) return { exit: 'with exit code 0', tookMs };
      const how = ending.signalCode ?? `with exit code ${ending.exitCode}`;
      return { exit: `${how} (${lastWords(options.logFile)})`, tookMs };
    },
    tell: (message) => void child?.send(message, () => undefined),
    async stop() {
      stopped = true;
      const ending = child;
      if (ending === undefined) return;
      signal('SIGCONT');
      signal('SIGTERM');
      const timer = setTimeout(() => ending.kill('SIGKILL'), 15_000);
      if (ending.exitCode === null && ending.signalCode === null) await once(ending, 'exit');
      clearTimeout(timer);
    },
  };
}

/** A process' last line, cut short. */
export function lastWords(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1)?.slice(0, 500) ?? '';
}
