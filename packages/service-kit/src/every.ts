import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Log } from './logger.ts';
import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';

/** `stop` ends the rhythm and waits for the run that is on, at most 15 s. */
export type Timer = Part & {
  /** Runs soon; while a run is on, once more right after it. */
  wake(): void;
};

/** Consumers wait as long for their handlers; a whole stop may take 25 s. */
const stopWithinMs = 15_000;

/**
 * Runs `work` each `ms`, one run at a time, and at once when woken. A run that throws is logged and the rhythm goes on:
 * the next run meets the same rows. `stopping` is aborted when it is to end: what goes on for long looks at it.
 */
export function every(options: {
  name: string;
  ms: number;
  work: (stopping: AbortSignal) => Promise<unknown>;
  log: Log;
}): Timer {
  const stop = new AbortController();
  let again = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const run = (): void => {
    if (stop.signal.aborted) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = (async () => {
      try {
        // Woken from the midst of something, it is no part of that.
        await context.with(ROOT_CONTEXT, () => options.work(stop.signal));
      } catch (error) {
        options.log.error({ err: error, work: options.name }, 'a repeated step failed; it runs again');
      }
      running = undefined;
      if (stop.signal.aborted) return;
      if (again) {
        again = false;
        run();
      } else timer = setTimeout(run, options.ms);
    })();
  };
  timer = setTimeout(run, 0);
  return {
    wake: run,
    async stop() {
      stop.abort();
      clearTimeout(timer);
      await within(stopWithinMs, running);
    },
  };
}
