import { lockReadModel } from '@leadline/database/locks';
import { affected, row, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { beginBuild, noteProgress, readBuilds, removeOldRows, serveBuild, type Build } from './builds.ts';
import type { Deps } from '../deps.ts';
import { keepCalls } from './keep-calls.ts';
import { keepLeads } from './keep-leads.ts';

const atOnce = 2_000;
const changedCall = z.object({ callId: z.number() });
const found = z.object({ id: z.number() });

/**
 * Finds what there is to do, in one statement without a lock: whether calls changed, and the newest lead where some are not
 * read up to it. More may come right after it.
 */
export async function lookForWork(deps: Deps): Promise<{ hasChanges: boolean; newestLead: number | null }> {
  const seen = await row(
    deps.postgres.sql,
    z.object({ hasChanges: z.boolean(), newestLead: z.number().nullable() }),
    `select exists (select from call_changes) as has_changes,
            (select max(l.id) from leads l
              where l.id > (select leads_read_to from dashboard_builds where state = 'serving')) as newest_lead`,
    [],
  );
  return { hasChanges: seen?.hasChanges ?? false, newestLead: seen?.newestLead ?? null };
}

/**
 * Projects noted changes of calls into the read model. A later statement than the one that removes the notes reads the
 * calls, so it sees everything that a noted change had committed.
 * @returns how many changes it projected
 */
export function keepChangedCalls(deps: Deps): Promise<number> {
  return deps.postgres.transaction(async (sql) => {
    await lockReadModel(sql);
    const builds = await readBuilds(sql);
    if (builds.length === 0) return 0;
    const changes = await rows(
      sql,
      changedCall,
      `delete from call_changes where seq in (select seq from call_changes order by seq limit $1) returning call_id`,
      [atOnce],
    );
    if (changes.length === 0) return 0;
    const callIds = [...new Set(changes.map(({ callId }) => callId))];
    await keepLeads(sql, await keepCalls(sql, callIds, builds), builds);
    deps.metrics.callsKept.inc(changes.length);
    return changes.length;
  });
}

/**
 * Makes one step of the current build: some calls, else some leads, in the order of their ids. The same transaction
 * stores the place reached, so any replica can continue, and memory holds one step's rows only.
 * @returns whether there is more to read
 */
export function growBuild(deps: Deps): Promise<boolean> {
  return deps.postgres.transaction(async (sql) => {
    await lockReadModel(sql);
    const build = (await readBuilds(sql)).find(({ state }) => state === 'building');
    if (build === undefined) return false;
    return (await growByCalls(sql, build)) || growByLeads(sql, build);
  });
}

async function growByCalls(sql: Sql, build: Build): Promise<boolean> {
  const calls = await rows(sql, found, `select id from calls where id > $1 order by id limit $2`, [
    build.callsReadTo,
    atOnce,
  ]);
  const last = calls.at(-1);
  if (last === undefined) return false;
  await keepCalls(
    sql,
    calls.map(({ id }) => id),
    [build],
  );
  await noteProgress(sql, build.generation, 'calls_read_to', last.id);
  return true;
}

async function growByLeads(sql: Sql, build: Build): Promise<boolean> {
  const leads = await rows(sql, found, `select id from leads where id > $1 order by id limit $2`, [
    build.leadsReadTo,
    atOnce,
  ]);
  const last = leads.at(-1);
  if (last === undefined) return false;
  await keepLeads(
    sql,
    leads.map(({ id }) => id),
    [build],
  );
  await noteProgress(sql, build.generation, 'leads_read_to', last.id);
  return true;
}

/**
 * Projects leads that came without an event, such as those of the old program. The place reached stays a minute behind,
 * because ids are assigned before the commit.
 */
export function keepNewLeads(deps: Deps): Promise<boolean> {
  return deps.postgres.transaction(async (sql) => {
    await lockReadModel(sql);
    const builds = await readBuilds(sql);
    const serving = builds.find(({ state }) => state === 'serving');
    if (serving === undefined) return false;
    const leads = await rows(
      sql,
      z.object({ id: z.number(), settled: z.boolean() }),
      `select id, coalesce(created_at, 'epoch') < clock_timestamp() - interval '1 minute' as settled
         from leads where id > $1 order by id limit $2`,
      [serving.leadsReadTo, atOnce],
    );
    await keepLeads(
      sql,
      leads.map(({ id }) => id),
      builds,
    );
    const firstFresh = leads.findIndex(({ settled }) => !settled);
    const settled = firstFresh === -1 ? leads : leads.slice(0, firstFresh);
    const last = settled.at(-1);
    if (last !== undefined) await noteProgress(sql, serving.generation, 'leads_read_to', last.id);
    return settled.length === atOnce;
  });
}

/** Lets pages read the finished build. Both generations have the last changes. */
export function finishBuild(deps: Deps, generation: number): Promise<void> {
  return deps.postgres.transaction(async (sql) => {
    await lockReadModel(sql);
    await serveBuild(sql, generation);
  });
}

/**
 * One step of clean-up.
 * @returns whether there is more
 */
export function cleanUp(deps: Deps): Promise<boolean> {
  return deps.postgres.transaction((sql) => removeOldRows(sql));
}

/**
 * Begins the first build. Begins a new one if PULSE_SECONDS has changed, or if no dashboard removed the notes for so
 * long that the database dropped some.
 */
export async function beginNeededBuild(deps: Deps): Promise<void> {
  const seen = await row(
    deps.postgres.sql,
    z.object({ isNeeded: z.boolean() }),
    `select $1::int is distinct from (select pulse_seconds from dashboard_builds order by state limit 1)
            or exists (select from call_changes_dropped) as is_needed`,
    [deps.pulseSeconds],
  );
  if (seen?.isNeeded !== true) return;
  await deps.postgres.transaction(async (sql) => {
    const builds = await readBuilds(sql);
    const newest = builds.at(-1);
    if (newest === undefined || newest.pulseSeconds !== deps.pulseSeconds) await beginBuild(sql, deps.pulseSeconds);
    // The current build may have read a call before the dropped change, so begin another one after it.
    if (newest?.state !== 'serving') return;
    const dropped = await affected(sql, `delete from call_changes_dropped`, []);
    if (dropped === 0) return;
    await beginBuild(sql, deps.pulseSeconds);
    deps.log.warn({}, 'changes of calls were dropped while no dashboard ran: the read model is built anew');
  });
}

export async function countWaiting(deps: Deps): Promise<void> {
  const waiting = await row(
    deps.postgres.sql,
    z.object({ count: z.number() }),
    `select count(*)::int as count from (select 1 from call_changes limit 100000) as waiting`,
    [],
  );
  deps.metrics.changesWaiting.set(waiting?.count ?? 0);
  const builds = await readBuilds(deps.postgres.sql);
  deps.metrics.building.set(builds.some(({ state }) => state === 'building') ? 1 : 0);
}

/** Deletes expired sessions and failed logins. */
export async function forgetOldLogins(deps: Deps): Promise<void> {
  await affected(deps.postgres.sql, `delete from dashboard_sessions where expires_at < clock_timestamp()`, []);
  await affected(
    deps.postgres.sql,
    `delete from dashboard_login_failures where at < clock_timestamp() - interval '1 day'`,
    [],
  );
}
