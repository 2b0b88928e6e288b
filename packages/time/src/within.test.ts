import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { requireWithin, within } from './within.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const never = new Promise<string>(() => undefined);

test('work that is done in time is answered, and no timer stays behind', async () => {
  const before = timers();
  expect(await within(60_000, Promise.resolve('done'))).toBe('done');
  expect(await requireWithin(60_000, Promise.resolve('done'), 'too long')).toBe('done');
  expect(timers()).toBe(before);
});

test('work that takes longer is given up', async () => {
  expect(await within(5, never)).toBeUndefined();
  await expect(requireWithin(5, never, 'the other side took too long')).rejects.toMatchObject({
    name: 'TimeoutError',
    message: 'the other side took too long',
  });
});

test('work that fails in time fails; later nobody hears of it', async () => {
  await expect(within(60_000, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await expect(requireWithin(60_000, Promise.reject(new Error('refused')), 'late')).rejects.toThrow('refused');
  expect(
    await within(
      5,
      wait(10).then(() => Promise.reject(new Error('unheard'))),
    ),
  ).toBeUndefined();
  await wait(20);
});
