import { expect, test } from 'vitest';
import { mergeByTime } from './merge-by-time.ts';

type Item = { at: Date; name: string };

async function* source(name: string, times: number[], taken: string[] = []): AsyncGenerator<Item> {
  for (const time of times) {
    taken.push(`${name}${time}`);
    yield { at: new Date(time), name: `${name}${time}` };
  }
}

async function collect(merged: AsyncGenerator<Item>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of merged) names.push(name);
  return names;
}

test('several sources become one in the order of time; of the same time the first source comes first', async () => {
  const merged = mergeByTime([source('a', [1, 4, 4, 9]), source('b', [2, 4]), source('c', [])]);
  expect(await collect(merged)).toEqual(['a1', 'b2', 'a4', 'a4', 'b4', 'a9']);
});

test('a source is read one ahead, no further', async () => {
  const taken: string[] = [];
  const merged = mergeByTime([source('a', [1, 2, 3, 4], taken), source('b', [9], taken)]);
  await merged.next();
  await merged.next();
  expect(taken).toEqual(['a1', 'b9', 'a2']);
  await merged.return(undefined);
});

test('one that fails fails the whole', async () => {
  async function* broken(): AsyncGenerator<Item> {
    yield { at: new Date(5), name: 'x' };
    throw new Error('the line is cut');
  }
  await expect(collect(mergeByTime([source('a', [1]), broken()]))).rejects.toThrow('the line is cut');
});
