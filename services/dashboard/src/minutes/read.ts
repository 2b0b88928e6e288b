import { testCallSource } from '@leadline/contracts/test-call';
import { row, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { servingGeneration } from '../read-model/builds.ts';
import type { Deps } from '../deps.ts';
import { addMonths } from '../web/calendar.ts';
import { addSums, noCalls, toFigures, type MinutesFigures, type MinutesSum } from '../minutes-rule.ts';

const sum = z.object({
  calls: z.coerce.number(),
  answered: z.coerce.number(),
  qualified: z.coerce.number(),
  pushed: z.coerce.number(),
  countedMicros: z.coerce.number(),
  estimatedCalls: z.coerce.number(),
  talkMicros: z.coerce.number(),
  pulses: z.coerce.number(),
}) satisfies z.ZodType<MinutesSum>;
const daySum = sum.extend({ day: z.string(), source: z.string(), mode: z.string() });

/** Terminal records only: a call in progress has no minutes yet. */
const sums = `
  sum(calls) as calls, sum(answered) as answered,
  coalesce(sum(calls) filter (where outcome in ('called', 'pushed')), 0) as qualified,
  coalesce(sum(calls) filter (where outcome = 'pushed'), 0) as pushed, sum(counted_micros) as counted_micros,
  sum(estimated_calls) as estimated_calls, sum(talk_micros) as talk_micros, sum(pulses) as pulses`;
const terminal = `outcome not in ('calling', 'unknown')`;

export type Group = { key: string; figures: MinutesFigures };

export type MonthReport = {
  month: string;
  total: MinutesFigures;
  byDay: Group[];
  bySource: Group[];
  byMode: Group[];
};

export type MinutesFilter = { source?: string | undefined; mode?: string | undefined };

/** A month's minutes from the daily sums: the cost does not grow with the number of calls. */
export async function readMonth(deps: Deps, month: string, filter: MinutesFilter = {}): Promise<MonthReport> {
  const sql = deps.postgres.sql;
  const generation = await servingGeneration(sql);
  const dayRows = await rows(
    sql,
    daySum,
    `select day::text, source, mode, ${sums} from minutes_daily
      where generation = $1 and day >= $2 and day < $3 and ${terminal} and calls <> 0
        and ($4::text is null or source = $4) and ($5::text is null or mode = $5)
      group by day, source, mode`,
    [generation, `${month}-01`, `${addMonths(month, 1)}-01`, filter.source ?? null, filter.mode ?? null],
  );
  const by = (dimension: 'day' | 'source' | 'mode'): Group[] => {
    const groups = new Map<string, MinutesSum>();
    for (const calls of dayRows) groups.set(calls[dimension], addSums(groups.get(calls[dimension]) ?? noCalls, calls));
    return [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, total]) => ({ key, figures: toFigures(total, deps.rates) }));
  };
  const total = dayRows.reduce((all, calls) => addSums(all, calls), noCalls);
  return {
    month,
    total: toFigures(total, deps.rates),
    byDay: by('day'),
    bySource: by('source'),
    byMode: by('mode'),
  };
}

/** The months with calls, newest first, at most two years of them. */
export async function readMonths(sql: Sql): Promise<string[]> {
  const generation = await servingGeneration(sql);
  const edges = await row(
    sql,
    z.object({ first: z.string().nullable(), last: z.string().nullable() }),
    `select min(day)::text as first, max(day)::text as last from minutes_daily where generation = $1`,
    [generation],
  );
  if (edges?.first == null || edges.last === null) return [];
  const months: string[] = [];
  for (let month = edges.last.slice(0, 7); month >= edges.first.slice(0, 7) && months.length < 24;) {
    months.push(month);
    month = addMonths(month, -1);
  }
  return months;
}

/** A day's outcomes, and the failures by reason; test calls are left out. */
export async function readDayOutcomes(
  sql: Sql,
  generation: number,
  day: string,
): Promise<{ outcome: string; calls: number }[]> {
  return rows(
    sql,
    z.object({ outcome: z.string(), calls: z.coerce.number() }),
    `select outcome, sum(calls) as calls from minutes_daily where generation = $1 and day = $2 and source <> '${testCallSource}'
      group by outcome having sum(calls) > 0 order by sum(calls) desc`,
    [generation, day],
  );
}
