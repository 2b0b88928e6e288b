import { setTimeout as wait } from 'node:timers/promises';

export type Running = {
  pid: number;
  /** Resolves when the process has ended, with the reason: `by SIGKILL`. */
  exited: Promise<string>;
  stop(): Promise<void>;
};

export type Supervised = {
  /** The current process' id; undefined while there is none. */
  pid(): number | undefined;
  /** Ends the current process in order, so that it starts again at once. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
};

/** After a life this long, the next death counts as the first. */
const longLifeMs = 10_000;

/** Half a second after the first death, then twice as long each time, up to half a minute. */
export function restartDelayMs(quickDeaths: number): number {
  return Math.min(500 * 2 ** (quickDeaths - 1), 30_000);
}

/**
 * Starts a process and restarts it whenever it dies, with growing delays, until it is stopped.
 * @throws what `start` throws, when the first start fails three times
 */
export async function supervise(options: {
  name: string;
  start: () => Promise<Running>;
  say: (line: string) => void;
  /** Called after each start and each death. */
  changed: () => void;
}): Promise<Supervised> {
  const { name, say, changed } = options;
  const stopping = new AbortController();
  let running: Running | undefined;
  let restarting: Running | undefined;

  const start = async (): Promise<Running> => {
    running = await options.start();
    changed();
    return running;
  };

  const pause = (ms: number): Promise<void> => wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  /** Loops over the process' lives; `current` is undefined if a start failed. */
  const watch = async (first: Running): Promise<void> => {
    let current: Running | undefined = first;
    let quickDeaths = 0;
    let startedAt = performance.now();
    for (;;) {
      const how = current === undefined ? 'while it was starting' : await current.exited;
      if (stopping.signal.aborted) return;
      const isAsked = current !== undefined && current === restarting;
      running = undefined;
      changed();
      if (!isAsked) {
        quickDeaths = performance.now() - startedAt < longLifeMs ? quickDeaths + 1 : 1;
        const delayMs = restartDelayMs(quickDeaths);
        say(`${name} ended ${how}; it starts again in ${delayMs / 1_000} s`);
        await pause(delayMs);
      }
      if (stopping.signal.aborted) return;
      startedAt = performance.now();
      current = await start().catch((error: unknown) => {
        say(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
    }
  };

  const watching = watch(await startPatiently(start, pause));
  return {
    pid: () => running?.pid,
    async restart() {
      restarting = running;
      await running?.stop();
    },
    async stop() {
      stopping.abort();
      await running?.stop();
      await watching;
      // A start that was in progress meanwhile has created one more.
      await running?.stop();
    },
  };
}

/** What the previous process left (shared memory, a port) may take a moment to disappear. */
async function startPatiently(start: () => Promise<Running>, pause: (ms: number) => Promise<void>): Promise<Running> {
  for (let tries = 1; ; tries++) {
    try {
      return await start();
    } catch (error) {
      if (tries === 3) throw error;
      await pause(1_000);
    }
  }
}
