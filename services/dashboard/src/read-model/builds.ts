import { lockReadModel } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';

const build = z.object({
  generation: z.number(),
  state: z.enum(['building', 'serving']),
  pulseSeconds: z.number(),
  startedAt: instant,
  callsReadTo: z.number(),
  leadsReadTo: z.number(),
});

/** One generation of the read model. While a new one is built, each change goes into both. */
export type Build = z.output<typeof build>;

const columns = 'generation, state, pulse_seconds, started_at, calls_read_to, leads_read_to';

/** The serving build first. */
export function readBuilds(sql: Sql): Promise<Build[]> {
  return rows(sql, build, `select ${columns} from dashboard_builds order by state desc`, []);
}

/** The generation that pages read: the serving one; before there is one, the first one as far as it is built. */
export async function servingGeneration(sql: Sql): Promise<number> {
  return (await readBuilds(sql))[0]?.generation ?? 0;
}

/**
 * Begins a new generation beside the serving one.
 * @returns the one that is being built already, if there is one
 */
export async function beginBuild(sql: Sql, pulseSeconds: number): Promise<Build> {
  await lockReadModel(sql);
  const growing = (await readBuilds(sql)).find(({ state }) => state === 'building');
  if (growing !== undefined) return growing;
  const made = await row(
    sql,
    build,
    `insert into dashboard_builds (generation, state, pulse_seconds)
     select coalesce(max(generation), 0) + 1, 'building', $1 from dashboard_builds returning ${columns}`,
    [pulseSeconds],
  );
  if (made === undefined) throw new Error('no build was begun');
  return made;
}

/** After this commit pages read this generation. Small steps remove the old one's rows later. */
export async function serveBuild(sql: Sql, generation: number): Promise<void> {
  await affected(sql, `delete from dashboard_builds where state = 'serving' and generation < $1`, [generation]);
  await affected(
    sql,
    `update dashboard_builds set state = 'serving', finished_at = clock_timestamp(),
            -- Leads whose ids were given before they were committed are met once more.
            leads_read_to = greatest(0, leads_read_to - 1000)
      where generation = $1 and state = 'building'`,
    [generation],
  );
}

export async function noteProgress(
  sql: Sql,
  generation: number,
  column: 'calls_read_to' | 'leads_read_to',
  readTo: number,
): Promise<void> {
  await affected(sql, `update dashboard_builds set ${column} = $2 where generation = $1`, [generation, readTo]);
}

const derivedTables = [
  'call_minutes',
  'minutes_daily',
  'lead_progress',
  'funnel_daily',
  'speed_daily',
  'reached_daily',
];
const removedAtOnce = 20_000;

/** @returns whether rows of unused generations are left */
export async function removeOldRows(sql: Sql): Promise<boolean> {
  for (const table of derivedTables) {
    const removed = await affected(
      sql,
      `delete from ${table} where ctid in (select ctid from ${table}
        where generation < (select min(generation) from dashboard_builds) limit $1)`,
      [removedAtOnce],
    );
    if (removed > 0) return true;
  }
  return false;
}
