import { every } from './every.ts';
import type { Log } from './logger.ts';
import type { Part } from '@leadline/time/part';

const hourMs = 3_600_000;

/**
 * Forgets people by age: at the service's start and then hourly, in small transactions. Two replicas may do it at once.
 * @param forget blanks some older rows and returns how many; 0 when nobody is left
 */
export function forgetAfter(days: number | undefined, forget: (days: number) => Promise<number>, log: Log): Part {
  if (days === undefined) return { stop: async () => undefined };
  const timer = every({
    name: 'forget old people',
    ms: hourMs,
    work: async (stopping) => {
      let emptied = 0;
      while (!stopping.aborted) {
        const rows = await forget(days);
        if (rows === 0) break;
        emptied += rows;
      }
      if (emptied > 0) log.info({ rows: emptied, days }, 'people were forgotten by age');
    },
    log,
  });
  timer.wake();
  return timer;
}
