import type { Part } from '@leadline/time/part';

/** `stop` resolves when all that was added is done; it refuses nothing, for those who add have stopped before. */
export type InputGroups<Item, Result> = Part & {
  /** Resolves with the item's result once its group is committed. */
  add(item: Item): Promise<Result>;
};

type Waiting<Item, Result> = { item: Item; key: string; isAlone: boolean; done: PromiseWithResolvers<Result> };

/** Keys whose items failed alone: more of them than anybody mends in a day. */
const maxSuspects = 1_000;

/**
 * Lets items share a transaction: what comes while a group is on its way makes the next one. Nobody waits for a group to
 * fill up. Items of one key stay in their order, and one at most of their groups is on its way.
 *
 * When a group fails, each of its items is tried once more, alone; so does whatever follows under the key of one that
 * failed alone, until one succeeds. Items that go alone have ways of their own: one that waits for its lock until it
 * fails holds up nobody else.
 */
export function groupInputs<Item, Result>(options: {
  keyOf: (item: Item) => string;
  /** Such an item never shares a group. */
  goesAlone: (item: Item) => boolean;
  /** One result an item, in their order. */
  commit: (items: Item[]) => Promise<Result[]>;
  /** The fault is no item's: none is tried again alone. */
  meetsAll: (error: unknown) => boolean;
  maxTogether: number;
  maxAlone: number;
  /** A shared group that is not full leaves this long after the one before: a busy time makes larger ones. The first never waits. */
  gatherMs?: number;
}): InputGroups<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  /** Keys of what is on its way. */
  const busy = new Set<string>();
  const suspects = new Set<string>();
  let isSharedOnItsWay = false;
  let sharedLeavesAt = Number.NEGATIVE_INFINITY;
  let gathering: NodeJS.Timeout | undefined;
  let aloneOnTheirWay = 0;
  let scheduled = false;
  let drained: PromiseWithResolvers<void> | undefined;

  const suspect = (key: string): void => {
    suspects.add(key);
    const oldest = suspects.values().next();
    if (suspects.size > maxSuspects && oldest.done !== true) suspects.delete(oldest.value);
  };

  /** Takes out what may leave now: one group at most, and who goes alone. `isDue`: the shared group's time has come. */
  const take = (isDue: boolean): { group: Waiting<Item, Result>[]; alone: Waiting<Item, Result>[] } => {
    const group: Waiting<Item, Result>[] = [];
    const alone: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    /** Whoever stays holds back what follows under its key. */
    const held = new Set(busy);
    const isGathered = isDue || waiting.length >= options.maxTogether || drained !== undefined;
    const mayShare = isGathered && !isSharedOnItsWay;
    for (const one of waiting) {
      const isAlone = one.isAlone || suspects.has(one.key);
      const hasRoom = isAlone
        ? aloneOnTheirWay + alone.length < options.maxAlone && !group.some(({ key }) => key === one.key)
        : mayShare && group.length < options.maxTogether;
      if (held.has(one.key) || !hasRoom) {
        left.push(one);
        held.add(one.key);
      } else if (isAlone) {
        alone.push(one);
        held.add(one.key);
      } else group.push(one);
    }
    waiting = left;
    return { group, alone };
  };

  const settle = (group: readonly Waiting<Item, Result>[], results: readonly Result[]): void => {
    for (const [index, { done, key }] of group.entries()) {
      const result = results[index];
      if (result === undefined) done.reject(new Error('a group was committed without a result for each item'));
      else done.resolve(result);
      suspects.delete(key);
    }
  };
  const fail = (group: readonly Waiting<Item, Result>[], error: unknown): void => {
    const meetsAll = options.meetsAll(error);
    if (group.length > 1 && !meetsAll) {
      waiting = [...group.map((one) => ({ ...one, isAlone: true })), ...waiting];
      return;
    }
    for (const { done, key } of group) {
      if (!meetsAll) suspect(key);
      done.reject(error);
    }
  };
  const depart = async (group: readonly Waiting<Item, Result>[]): Promise<void> => {
    for (const { key } of group) busy.add(key);
    try {
      settle(group, await options.commit(group.map(({ item }) => item)));
    } catch (error) {
      fail(group, error);
    }
    for (const { key } of group) busy.delete(key);
  };
  const departShared = async (group: readonly Waiting<Item, Result>[]): Promise<void> => {
    isSharedOnItsWay = true;
    sharedLeavesAt = performance.now() + (options.gatherMs ?? 0);
    await depart(group);
    isSharedOnItsWay = false;
    departures();
  };
  const departAlone = async (one: Waiting<Item, Result>): Promise<void> => {
    aloneOnTheirWay++;
    await depart([one]);
    aloneOnTheirWay--;
    departures();
  };
  const departures = (): void => {
    scheduled = false;
    // The clock is read once: whoever is not due by it gets the timer, or nobody would wake it.
    const leftMs = sharedLeavesAt - performance.now();
    const { group, alone } = take(leftMs <= 0);
    if (group.length > 0) void departShared(group);
    for (const one of alone) void departAlone(one);
    if (waiting.length > 0 && leftMs > 0) {
      clearTimeout(gathering);
      gathering = setTimeout(departures, leftMs);
    }
    if (waiting.length === 0 && busy.size === 0) drained?.resolve();
  };
  return {
    add(item) {
      const done = Promise.withResolvers<Result>();
      waiting.push({ item, key: options.keyOf(item), isAlone: options.goesAlone(item), done });
      if (!scheduled) {
        // After this turn of the loop: all that came in with it go together.
        scheduled = true;
        setImmediate(departures);
      }
      return done.promise;
    },
    async stop() {
      if (waiting.length === 0 && busy.size === 0) return;
      drained ??= Promise.withResolvers();
      departures();
      await drained.promise;
    },
  };
}
