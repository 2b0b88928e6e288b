import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { every } from './every.ts';

test('work that goes on for long hears that it is to stop, and is waited for', async () => {
  const log = createLogger({ service: 'test', level: 'silent' });
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
