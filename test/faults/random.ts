import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** One seed drives everything: where two parts draw in their own time, each draws from its own stream of numbers. */
export type Random = {
  /** From `low` to just below `high`. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(all: readonly T[]): T[];
};

export function openRandom(seed: number, stream: string): Random {
  let mixed = seed | 0;
  for (const letter of stream) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x9e3779b1);
  const generator = xoroshiro128plus(mixed);
  const next = (): number => uniformFloat64(generator);
  const random: Random = {
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick(from) {
      const picked = from[Math.floor(next() * from.length)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
    shuffle: (all) =>
      all
        .map((value) => ({ value, at: next() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ value }) => value),
  };
  return random;
}
