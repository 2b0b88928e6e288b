import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Log } from './logger.ts';
import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';

/** `stop` ends the rhythm and waits for the current run, at most 15 s. */
export type Timer = Part & {
  /** Runs soon; during a run, once more right after it. */
  wake(): void;
};

/** Consumers wait this long for their handlers too; a whole stop may take 25 s. */
const stopWithinMs = 15_000;

/**
 * Runs `work` each `ms`, one run at a time, and at once when woken. After a run that answers `rest`, nothing needs the next
 * one sooner than in `restMs`. If a run throws, we log it and continue: the next run finds the same rows. `stopping` is
 * aborted when the work should end; long work watches it.
 */
export function every(options: {
  name: string;
  ms: number;
  restMs?: number;
  work: (stopping: AbortSignal) => Promise<unknown>;
  log: Log;
}): Timer {
  const stop = new AbortController();
  const { ms, restMs = ms } = options;
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
      let nextMs = ms;
      try {
        // Woken from inside other work, it must not run in that work's context.
        const found = await context.with(ROOT_CONTEXT, () => options.work(stop.signal));
        if (found === 'rest') nextMs = restMs;
      } catch (error) {
        options.log.error({ err: error, work: options.name }, 'a repeated step failed; it runs again');
      }
      running = undefined;
      if (stop.signal.aborted) return;
      if (again) {
        again = false;
        run();
      } else timer = setTimeout(run, nextMs);
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
