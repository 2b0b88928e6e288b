import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { groupInputs } from './group-inputs.ts';

type Item = { key: string; no: number; isPoison?: boolean; goesAlone?: boolean };
type Group = { items: Item[]; gate: PromiseWithResolvers<void> };

function gated({ maxTogether = 64, maxAlone = 2, gatherMs = 0 } = {}) {
  const groups: Group[] = [];
  const inputs = groupInputs<Item, number>({
    keyOf: ({ key }) => key,
    goesAlone: ({ goesAlone }) => goesAlone === true,
    commit: async (items) => {
      const gate = Promise.withResolvers<void>();
      groups.push({ items, gate });
      await gate.promise;
      if (items.some(({ isPoison }) => isPoison)) throw new Error('poison');
      return items.map(({ no }) => no);
    },
    meetsAll: (error) => error instanceof Error && error.message === 'away',
    maxTogether,
    maxAlone,
    gatherMs,
  });
  const numbers = (): number[][] => groups.map(({ items }) => items.map(({ no }) => no));
  const finish = async (index: number): Promise<void> => {
    groups[index]?.gate.resolve();
    await turn();
    await turn();
  };
  return { inputs, groups, numbers, finish };
}

test('what comes together goes together, and what comes meanwhile makes the next group', async () => {
  const { inputs, numbers, finish } = gated({ maxTogether: 3 });
  const results = [1, 2, 3, 4].map((no) => inputs.add({ key: `${no}`, no }));
  await turn();
  await turn();
  expect(numbers()).toEqual([[1, 2, 3]]);
  results.push(inputs.add({ key: '1', no: 5 }));
  await finish(0);
  expect(numbers()).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
  await finish(1);
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5]);
});

test.each([7, 20, 33, 45, 60, 99])(
  'if the clock moves on by %i ms at each look, nobody is left behind',
  async (stepMs) => {
    let at = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (at += stepMs));
    try {
      const results: number[] = [];
      const inputs = groupInputs<Item, number>({
        keyOf: ({ key }) => key,
        goesAlone: () => false,
        commit: (items) => Promise.resolve(items.map(({ no }) => no)),
        meetsAll: () => false,
        maxTogether: 64,
        maxAlone: 2,
        gatherMs: 100,
      });
      for (let no = 1; no <= 20; no++) results.push(await inputs.add({ key: 'a', no }));
      expect(results).toHaveLength(20);
    } finally {
      clock.mockRestore();
    }
  },
);

test('the first leaves at once, what follows closely gathers, and a stop waits for nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const { inputs, numbers, finish } = gated({ gatherMs: 100 });
    void inputs.add({ key: 'a', no: 1 });
    await turn();
    await finish(0);
    expect(numbers()).toEqual([[1]]);
    for (const no of [2, 3]) {
      void inputs.add({ key: 'a', no });
      await turn();
      await turn();
    }
    vi.advanceTimersByTime(98);
    expect(numbers()).toEqual([[1]]);
    vi.advanceTimersByTime(2);
    await finish(1);
    expect(numbers()).toEqual([[1], [2, 3]]);
    void inputs.add({ key: 'b', no: 4 });
    await turn();
    await turn();
    expect(numbers()).toHaveLength(2);
    const stopped = inputs.stop();
    await finish(2);
    await stopped;
    expect(numbers()).toEqual([[1], [2, 3], [4]]);
    vi.advanceTimersByTime(1_000);
    void inputs.add({ key: 'b', no: 5 });
    await turn();
    await turn();
    expect(numbers().at(-1)).toEqual([5]);
  } finally {
    vi.useRealTimers();
  }
});

test('of a failing group each is tried alone, and who fails alone goes alone until it succeeds', async () => {
  const { inputs, numbers, finish } = gated();
  const all = [
    inputs.add({ key: 'a', no: 1 }),
    inputs.add({ key: 'poison', no: 2, isPoison: true }),
    inputs.add({ key: 'c', no: 3 }),
  ];
  await turn();
  await turn();
  await finish(0);
  expect(numbers()).toEqual([[1, 2, 3], [1], [2]]);
  // One that hangs holds up neither another alone nor the next group.
  const later = inputs.add({ key: 'd', no: 4 });
  const behind = inputs.add({ key: 'poison', no: 5 });
  await finish(1);
  expect(numbers().slice(3)).toEqual([[4], [3]]);
  const failing = all[1]?.catch((error: unknown) => error);
  await finish(2);
  expect(await failing).toEqual(new Error('poison'));
  for (const index of [3, 4, 5]) await finish(index);
  expect(numbers().slice(5)).toEqual([[5]]);
  expect(await Promise.all([all[0], all[2], later, behind])).toEqual([1, 3, 4, 5]);
  void inputs.add({ key: 'poison', no: 6 });
  void inputs.add({ key: 'a', no: 7 });
  await turn();
  await turn();
  expect(numbers().at(-1)).toEqual([6, 7]);
});

test('what meets all is told to all at once', async () => {
  const inputs = groupInputs<Item, number>({
    keyOf: ({ key }) => key,
    goesAlone: () => false,
    commit: () => Promise.reject(new Error('away')),
    meetsAll: () => true,
    maxTogether: 64,
    maxAlone: 2,
  });
  const results = [1, 2, 3].map((no) => inputs.add({ key: `${no}`, no }));
  expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await inputs.stop();
});

test('whatever comes and fails: each is answered once, in order a key, and poison takes nobody with it', async () => {
  const item = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), isPoison: fc.boolean(), goesAlone: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (items, maxTogether) => {
      const done: number[] = [];
      let onTheirWay: string[] = [];
      const inputs = groupInputs<Item, number>({
        keyOf: ({ key }) => key,
        goesAlone: ({ goesAlone }) => goesAlone === true,
        commit: async (group) => {
          const keys = new Set(group.map(({ key }) => key));
          expect(onTheirWay.some((key) => keys.has(key))).toBe(false);
          expect(group.length).toBeLessThanOrEqual(maxTogether);
          if (group.some(({ goesAlone }) => goesAlone)) expect(group).toHaveLength(1);
          onTheirWay.push(...keys);
          await turn();
          onTheirWay = onTheirWay.filter((key) => !keys.has(key));
          if (group.some(({ isPoison }) => isPoison)) throw new Error('poison');
          done.push(...group.map(({ no }) => no));
          return group.map(({ no }) => no);
        },
        meetsAll: () => false,
        maxTogether,
        maxAlone: 2,
      });
      const results = await Promise.allSettled(items.map((one, no) => inputs.add({ ...one, no })));
      await inputs.stop();
      for (const [no, { status }] of results.entries())
        expect(status).toBe(items[no]?.isPoison === true ? 'rejected' : 'fulfilled');
      for (const key of ['a', 'b', 'c', 'd']) {
        const order = done.filter((no) => items[no]?.key === key);
        expect(order).toEqual(order.toSorted((one, other) => one - other));
      }
    }),
  );
});
