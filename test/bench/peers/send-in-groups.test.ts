import { expect, test } from 'vitest';
import { sendInGroups } from './send-in-groups.ts';

test('what comes while a group is under way goes in the next, at most 100 together and in order', async () => {
  const groups: number[][] = [];
  const gates: (() => void)[] = [];
  const send = sendInGroups(async (all: number[]) => {
    groups.push(all);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  const sent = Promise.all(Array.from({ length: 250 }, (_, n) => send(n)));
  for (let group = 0; group < 4; group++) {
    await new Promise(setImmediate);
    gates[group]?.();
  }
  await sent;
  expect(groups.map((all) => all.length)).toEqual([1, 100, 100, 49]);
  expect(groups.flat()).toEqual(Array.from({ length: 250 }, (_, n) => n));
});

test('a group that fails fails each of its own, and the next goes on', async () => {
  let calls = 0;
  const send = sendInGroups(async (all: string[]) => {
    if (++calls === 2) throw new Error(`not sent: ${all.join()}`);
  });
  const results = await Promise.allSettled(['a', 'b', 'c'].map(send));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(send('d')).resolves.toBeUndefined();
});
