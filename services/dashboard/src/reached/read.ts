import { machines } from '@leadline/contracts/answered-by';
import { testCallSource } from '@leadline/contracts/test-call';
import { rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { servingGeneration } from '../read-model/builds.ts';
import { addMonths } from '../web/calendar.ts';

/** Who took calls and what became of them, summed over a group of calls. Test calls are left out. */
export type Reached = {
  calls: number;
  answered: number;
  /** Answered, and by no machine as far as an agent told. */
  people: number;
  /** Voicemails, phone menus and screeners. */
  machines: number;
  announcements: number;
  /** Of calls that a machine or an announcement took: counted like all minutes, and told apart. */
  machineMinutes: number;
  machinePulses: number;
  dispositions: Map<string, number>;
};

export type ReachedGroup = { key: string; reached: Reached };
export type ReachedReport = { total: Reached; byDay: ReachedGroup[]; bySource: ReachedGroup[] };

/** Of `[from, until)`, Indian days. */
export type Span = { from: string; until: string; source?: string | undefined };

const sums = z.object({
  day: z.string(),
  source: z.string(),
  answeredBy: z.string(),
  disposition: z.string(),
  calls: z.coerce.number(),
  answered: z.coerce.number(),
  countedMicros: z.coerce.number(),
  pulses: z.coerce.number(),
});
type Sums = z.output<typeof sums>;

/** Read from daily sums: it costs the same with ten million calls as with a hundred thousand. */
export async function readReached(deps: Pick<Deps, 'postgres'>, { from, until, source }: Span): Promise<ReachedReport> {
  const { sql } = deps.postgres;
  const generation = await servingGeneration(sql);
  const asked = [generation, from, until, source ?? null];
  const [all, told] = await Promise.all([readCalls(sql, asked), readTold(sql, asked)]);
  const by = (toKey: (row: Sums) => string): ReachedGroup[] => {
    const groups = new Map<string, Reached>();
    const of = (key: string): Reached => groups.get(key) ?? setNew(groups, key);
    for (const row of all) addCalls(of(toKey(row)), row);
    for (const row of told) addTold(of(toKey(row)), row);
    return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, reached]) => ({ key, reached }));
  };
  const [whole] = by(() => '');
  return { total: whole?.reached ?? none(), byDay: by(({ day }) => day), bySource: by((row) => row.source) };
}

const none = (): Reached => ({
  calls: 0,
  answered: 0,
  people: 0,
  machines: 0,
  announcements: 0,
  machineMinutes: 0,
  machinePulses: 0,
  dispositions: new Map(),
});

function setNew(groups: Map<string, Reached>, key: string): Reached {
  const reached = none();
  groups.set(key, reached);
  return reached;
}

/** All finished calls, whether an agent told anything or not. */
function readCalls(sql: Sql, asked: readonly unknown[]): Promise<Sums[]> {
  return rows(
    sql,
    sums,
    `select day::text, source, '' as answered_by, '' as disposition, sum(calls) as calls, sum(answered) as answered,
            0 as counted_micros, 0 as pulses
       from minutes_daily
      where generation = $1 and day >= $2 and day < $3 and ($4::text is null or source = $4)
        and outcome not in ('calling', 'unknown') and source <> '${testCallSource}'
      group by day, source having sum(calls) > 0`,
    asked,
  );
}

function readTold(sql: Sql, asked: readonly unknown[]): Promise<Sums[]> {
  return rows(
    sql,
    sums,
    `select day::text, source, answered_by, disposition, calls, answered, counted_micros, pulses from reached_daily
      where generation = $1 and day >= $2 and day < $3 and ($4::text is null or source = $4) and calls > 0
        and source <> '${testCallSource}'`,
    asked,
  );
}

function addCalls(reached: Reached, { calls, answered }: Sums): void {
  reached.calls += calls;
  reached.answered += answered;
  reached.people += answered;
}

function addTold(reached: Reached, row: Sums): void {
  if (machines.some((machine) => machine === row.answeredBy)) {
    reached.people -= row.answered;
    if (row.answeredBy === 'announcement') reached.announcements += row.calls;
    else reached.machines += row.calls;
    reached.machineMinutes += row.countedMicros / 60_000_000;
    reached.machinePulses += row.pulses;
  }
  if (row.disposition !== '')
    reached.dispositions.set(row.disposition, (reached.dispositions.get(row.disposition) ?? 0) + row.calls);
}

export function monthSpan(month: string): { from: string; until: string } {
  return { from: `${month}-01`, until: `${addMonths(month, 1)}-01` };
}
