import { boundToTrace } from '@leadline/tracing/span';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';

/** `stop` refuses new work and resolves when nothing is on any more, or after `stopWithinMs`. */
export type Background = Part & {
  /** Starts the work soon, unless work of the same name is still on. */
  run(name: string, work: () => Promise<void>): void;
};

/**
 * Runs what nobody waits for, a few at a time. Work lost with the process is done by the sweep; work that throws is
 * logged.
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
      // Whoever makes room for it later is not who asked for it.
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
