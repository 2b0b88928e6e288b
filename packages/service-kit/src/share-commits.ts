import { boundToTrace } from '@leadline/tracing/span';
import { groupInputs } from './group-inputs.ts';

/** Steps, each of a call, that share transactions. */
export type SharedCommits<Sql> = {
  /**
   * Runs `work` in a transaction that steps of other calls may share; resolves with its result after the commit. Steps of one
   * call keep their order. `work` may run twice: if the group fails, each of its steps is tried once more, alone.
   */
  add<T>(callId: number, work: (sql: Sql) => Promise<T>): Promise<T>;
};

type Step<Sql> = { callId: number; run: (sql: Sql) => Promise<void> };

/** A bound, because a group keeps its locks until its last step is done. */
const maxTogether = 32;
/** How many steps of a failed group are tried at one time, each by itself. */
const maxAlone = 2;
/** The first step never waits; those that follow it closely share the next transaction. */
const gatherMs = 100;

/**
 * @param options.lockFirst takes, in one order, every lock that two groups might otherwise take in opposite orders
 * @param options.meetsAll the fault is no step's: none is tried again alone
 */
export function shareCommits<Sql>(options: {
  transaction: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  lockFirst: (sql: Sql, callIds: number[]) => Promise<void>;
  meetsAll: (error: unknown) => boolean;
}): SharedCommits<Sql> {
  const steps = groupInputs<Step<Sql>, true>({
    keyOf: ({ callId }) => String(callId),
    goesAlone: () => false,
    commit: (group) =>
      options.transaction(async (sql) => {
        await options.lockFirst(
          sql,
          group.map(({ callId }) => callId),
        );
        for (const { run } of group) await run(sql);
        return group.map(() => true as const);
      }),
    meetsAll: options.meetsAll,
    maxTogether,
    maxAlone,
    gatherMs,
  });
  return {
    async add<T>(callId: number, work: (sql: Sql) => Promise<T>) {
      let result: { value: T } | undefined;
      const bound = boundToTrace(work);
      const run = async (sql: Sql): Promise<void> => {
        result = { value: await bound(sql) };
      };
      await steps.add({ callId, run });
      return readOf(result);
    },
  };
}

function readOf<T>(result: { value: T } | undefined): T {
  if (result === undefined) throw new Error('a step was committed without having run');
  return result.value;
}
