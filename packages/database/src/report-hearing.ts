import { z } from 'zod';
import { instant, row, type Sql } from './sql.ts';

/** How well we receive agents' reports, by the database's clock. */
export type Hearing = {
  /** Every report from before this long ago has been handled. */
  behindMs: number;
  /** How long reports have been received without a break. */
  sinceMs: number;
};

/** After a shorter break nothing is missing: agents report again long before anybody relies on it. */
const longestBreakSeconds = 15;

/** If the row is gone, nothing was ever received. */
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

/**
 * Notes that all reports from before `until` have been handled. If the clock was set back, no future time counts.
 * @returns the time now by the database's clock; undefined if the row is gone
 */
export async function noteHeard(sql: Sql, until: Date): Promise<Date | undefined> {
  const noted = await row(
    sql,
    z.object({ now: instant }),
    `with known as (select id, heard_until, least($1::timestamptz, clock_timestamp()) as until
                      from report_hearing where id = 1 for update)
     update report_hearing h
        set heard_since = case when known.until > known.heard_until + make_interval(secs => ${longestBreakSeconds})
                               then known.until else least(h.heard_since, known.until) end,
            heard_until = known.until
       from known where h.id = known.id
     returning clock_timestamp() as now`,
    [until],
  );
  return noted?.now;
}
