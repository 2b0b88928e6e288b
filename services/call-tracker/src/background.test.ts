import { silentLog } from '@leadline/testing/silent-log';
import { expect, test, vi } from 'vitest';
import { workInBackground } from './background.ts';

test('runs so many at once, and nothing twice', async () => {
  const background = workInBackground({ atOnce: 2, stopWithinMs: 20, log: silentLog });
  const gate = Promise.withResolvers<void>();
  const begun: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    begun.push(name);
    await gate.promise;
  };
  for (const name of ['a', 'b', 'c', 'a', 'c']) background.run(name, work(name));
  expect(begun).toEqual(['a', 'b']);
  gate.resolve();
  await vi.waitFor(() => expect(begun).toEqual(['a', 'b', 'c']));
  background.run('a', work('a again'));
  expect(begun.at(-1)).toBe('a again');
});

test('work that throws stops nothing, and a stop waits only so long', async () => {
  const background = workInBackground({ atOnce: 1, stopWithinMs: 20, log: silentLog });
  const done: string[] = [];
  background.run('throws', async () => {
    throw new Error('on purpose');
  });
  background.run('goes on', async () => {
    done.push('goes on');
    await new Promise(() => undefined);
  });
  await vi.waitFor(() => expect(done).toEqual(['goes on']));
  background.run('never begun', async () => {
    done.push('never begun');
  });
  await background.stop();
  background.run('too late', async () => {
    done.push('too late');
  });
  expect(done).toEqual(['goes on']);
});
