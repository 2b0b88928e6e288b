import type { Sql } from '@leadline/database/sql';
import { readHearing } from '@leadline/database/report-hearing';

/** Whether what agents report is heard: else nobody would know what became of a new call. */
export type ReportHearing = {
  /** True, or for how many ms nothing was heard. Asks the database once a second at most; its failure is the caller's. */
  isHeard(sql: Sql): Promise<true | number>;
};

const askEachMs = 1_000;
/** The call-tracker notes it every two seconds. */
const leastGraceMs = 5_000;

export function watchHearing(graceMs: number): ReportHearing {
  const patienceMs = Math.max(graceMs, leastGraceMs);
  let asked: { at: number; behindMs: number } | undefined;
  return {
    async isHeard(sql) {
      const at = performance.now();
      if (asked === undefined || at - asked.at > askEachMs) {
        const { behindMs } = await readHearing(sql);
        asked = { at, behindMs };
      }
      return asked.behindMs <= patienceMs || asked.behindMs;
    },
  };
}
