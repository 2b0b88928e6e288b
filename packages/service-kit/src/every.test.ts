import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { every } from './every.ts';

const log = createLogger({ service: 'test', level: 'silent' });
afterEach(() => vi.useRealTimers());

test('work that goes on for long hears that it is to stop, and is waited for', async () => {
  let [rounds, ended] = [0, false];
  const timer = every({
    name: 'long work',
    ms: 1,
    log,
    async work(stopping) {
      while (!stopping.aborted) {
        rounds++;
        await wait(1);
      }
      await wait(20);
      ended = true;
    },
  });
  await expect.poll(() => rounds).toBeGreaterThan(2);
  await timer.stop();
  expect(ended).toBe(true);
});

test('work that does not end is waited for 15 s, and no longer', async () => {
  vi.useFakeTimers();
  const timer = every({ name: 'endless work', ms: 1, work: () => new Promise(() => undefined), log });
  await vi.advanceTimersByTimeAsync(10);
  let stopped = false;
  void timer.stop().then(() => (stopped = true));
  await vi.advanceTimersByTimeAsync(14_000);
  expect(stopped).toBe(false);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(stopped).toBe(true);
});
