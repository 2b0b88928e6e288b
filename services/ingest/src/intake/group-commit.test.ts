import { expect, test } from 'vitest';
import { groupCommit } from './group-commit.ts';

function gated(options: { maxTogether: number; maxOnTheirWay: number; maxWaiting: number }) {
  const groups: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const group = groupCommit<number, string>({
    ...options,
    commit: async (items) => {
      groups.push(items);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return items.map(String);
    },
  });
  return { group, groups, gates };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const roomy = { maxTogether: 3, maxOnTheirWay: 1, maxWaiting: 100 };

test('what comes together goes together, each with its own result', async () => {
  const { group, groups, gates } = gated(roomy);
  const results = [1, 2, 3].map(async (item) => group.add(item));
  await turn();
  gates[0]?.resolve();
  expect(await Promise.all(results)).toEqual(['1', '2', '3']);
  expect(groups).toEqual([[1, 2, 3]]);
});

test('what arrives while groups are on their way makes the next one, and no group is too large', async () => {
  const { group, groups, gates } = gated({ ...roomy, maxOnTheirWay: 2 });
  const results = [1, 2, 3, 4, 5, 6, 7, 8].map(async (item) => group.add(item));
  await turn();
  expect(groups).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  gates[0]?.resolve();
  await turn();
  expect(groups[2]).toEqual([7, 8]);
  for (const gate of gates) gate.resolve();
  expect(await Promise.all(results)).toHaveLength(8);
});

test('a group that fails fails its own only', async () => {
  const { group, gates } = gated(roomy);
  const first = group.add(1);
  await turn();
  const second = group.add(2);
  gates[0]?.reject(new Error('lost'));
  await expect(first).rejects.toThrow('lost');
  await turn();
  gates[1]?.resolve();
  expect(await second).toBe('2');
});

test('a full queue takes nothing more', async () => {
  const { group, gates } = gated({ ...roomy, maxWaiting: 1 });
  const first = group.add(1);
  await turn();
  const second = group.add(2);
  expect(group.add(3)).toBeUndefined();
  gates[0]?.resolve();
  await first;
  await turn();
  gates[1]?.resolve();
  expect(await second).toBe('2');
});

test('drain waits for what waits and for what is on its way', async () => {
  const { group, gates } = gated({ ...roomy, maxTogether: 1 });
  const results = [1, 2].map(async (item) => group.add(item));
  let drained = false;
  const draining = group.stop().then(() => {
    drained = true;
  });
  await turn();
  gates[0]?.resolve();
  await turn();
  expect(drained).toBe(false);
  gates[1]?.resolve();
  await draining;
  expect(await Promise.all(results)).toEqual(['1', '2']);
  await group.stop();
});
