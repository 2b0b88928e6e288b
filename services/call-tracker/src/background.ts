import { boundToTrace } from '@leadline/tracing/span';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';

/** `stop` refuses new work and resolves when all work has ended, or after `stopWithinMs`. */
export type Background = Part & {
  /** Starts the work soon, unless work of the same name still runs. */
  run(name: string, work: () => Promise<void>): void;
};

/**
 * Runs work for which nobody waits, a few pieces at a time. If the process dies, the sweep does the work later; if work
 * throws, we log it.
 */
export function workInBackground(options: { atOnce: number; stopWithinMs: number; log: Log }): Background {
  const waiting = new Map<string, () => Promise<void>>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  const startNext = (): void => {
    for (const [name, work] of waiting) {
      if (running.size >= options.atOnce) return;
      waiting.delete(name);
      const done = work()
        .catch((error: unknown) => options.log.error({ err: error }, 'a step beside a transaction failed'))
        .finally(() => {
          running.delete(name);
          startNext();
        });
      running.set(name, done);
    }
  };

  return {
    run(name, work) {
      if (stopped || running.has(name) || waiting.has(name)) return;
      // Otherwise it would run in the trace of the work that made room for it.
      waiting.set(name, boundToTrace(work));
      startNext();
    },
    async stop() {
      stopped = true;
      waiting.clear();
      await within(options.stopWithinMs, Promise.all(running.values()));
    },
  };
}
