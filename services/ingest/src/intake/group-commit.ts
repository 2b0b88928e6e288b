import type { Part } from '@leadline/time/part';

/** `stop` resolves when all added items are done. It does not refuse new ones: stop the callers first. */
export type GroupCommit<Item, Result> = Part & {
  /**
   * Resolves with the item's result once its group is committed. Undefined: the queue is full, and we did not take the
   * item.
   */
  add(item: Item): Promise<Result> | undefined;
};

type Waiting<Item, Result> = { item: Item; done: PromiseWithResolvers<Result> };

/**
 * Lets concurrent items share a transaction. Items that arrive while groups are being committed form the next group.
 * Nothing waits for a group to fill up: a lone item goes at once.
 */
export function groupCommit<Item, Result>(options: {
  /** One result an item, in their order. */
  commit: (items: Item[]) => Promise<Result[]>;
  maxTogether: number;
  maxOnTheirWay: number;
  maxWaiting: number;
}): GroupCommit<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let onTheirWay = 0;
  let scheduled = false;
  let drained: PromiseWithResolvers<void> | undefined;

  const depart = async (group: Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await options.commit(group.map(({ item }) => item));
      for (const [index, { done }] of group.entries()) {
        const result = results[index];
        if (result === undefined) done.reject(new Error('a group was committed without a result for each item'));
        else done.resolve(result);
      }
    } catch (error) {
      for (const { done } of group) done.reject(error);
    }
    onTheirWay--;
    if (waiting.length > 0) departures();
    else if (onTheirWay === 0) drained?.resolve();
  };
  const departures = (): void => {
    scheduled = false;
    while (waiting.length > 0 && onTheirWay < options.maxOnTheirWay) {
      onTheirWay++;
      void depart(waiting.splice(0, options.maxTogether));
    }
  };
  return {
    add(item) {
      if (waiting.length >= options.maxWaiting) return undefined;
      const done = Promise.withResolvers<Result>();
      waiting.push({ item, done });
      if (!scheduled && onTheirWay < options.maxOnTheirWay) {
        // Wait one turn of the event loop, so that all requests that came in with this one go together.
        scheduled = true;
        setImmediate(departures);
      }
      return done.promise;
    },
    async stop() {
      if (waiting.length === 0 && onTheirWay === 0) return;
      drained ??= Promise.withResolvers();
      await drained.promise;
    },
  };
}
