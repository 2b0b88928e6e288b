import type { Sql } from '@leadline/database/sql';
import { readHearing } from '@leadline/database/report-hearing';

/** Whether agents' reports arrive. If they do not, we could not learn what became of a new call. */
export type ReportHearing = {
  /** True, or for how many ms no report could arrive. Reads the database at most once a second and throws if that fails. */
  isHeard(sql: Sql): Promise<true | number>;
};

const askEachMs = 1_000;
/** The call-tracker writes this every two seconds. */
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
