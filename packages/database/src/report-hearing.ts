import { z } from 'zod';
import { affected, row, type Sql } from './sql.ts';

/** How well agents' reports are heard, by the database's clock. */
export type Hearing = {
  /** All that was reported earlier than this long ago is known. */
  behindMs: number;
  /** They have been heard for so long without a break. */
  sinceMs: number;
};

/** A shorter break is made up for by agents that report again, long before anybody waits in vain for it. */
const longestBreakSeconds = 15;

/** Never was anything heard where the row is gone. */
export async function readHearing(sql: Sql): Promise<Hearing> {
  const found = await row(
    sql,
    z.object({ behind: z.number(), since: z.number() }),
    `select extract(epoch from clock_timestamp() - least(heard_until, clock_timestamp()))::float8 * 1000 as behind,
            extract(epoch from clock_timestamp() - greatest(heard_since, 'epoch'))::float8 * 1000 as since
       from report_hearing where id = 1`,
    [],
  );
  return found === undefined
    ? { behindMs: Number.POSITIVE_INFINITY, sinceMs: 0 }
    : { behindMs: found.behind, sinceMs: found.since };
}

/** Notes that all reports from before `until` are known. Where the clock was set back, nothing was heard in the future. */
export async function noteHeard(sql: Sql, until: Date): Promise<void> {
  await affected(
    sql,
    `update report_hearing
        set heard_since = case when $1::timestamptz > heard_until + make_interval(secs => ${longestBreakSeconds})
                               then $1 else least(heard_since, $1) end,
            heard_until = $1
      where id = 1`,
    [until],
  );
}
