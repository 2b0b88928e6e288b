import { toIndianDay } from '@leadline/contracts/indian-time';
import { testCallSource } from '@leadline/contracts/test-call';
import { affected, instant, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { Build } from './builds.ts';
import { diffRows } from './diff-rows.ts';
import { toSpeedBucket } from './speed-buckets.ts';
import { sumChanges } from './sum-changes.ts';

/** How far a lead has come. The number is its place in the funnel; a lead has passed all lower places. */
export const steps = ['received', 'dialled', 'answered', 'qualified', 'pushed'] as const;

const leadFacts = z.object({
  id: z.number(),
  source: z.string().nullable(),
  createdAt: instant,
  step: z.number(),
  firstDialAt: instant.nullable(),
});

const progress = z.object({
  leadId: z.number(),
  day: z.string(),
  source: z.string(),
  step: z.number(),
  speedBucket: z.number().nullable(),
});
type Progress = z.output<typeof progress>;

/**
 * Brings these leads' progress and waiting times in the read model up to date. May be repeated, for any leads, in any
 * order; test calls have no place in it. The caller holds the read model's lock.
 */
export async function keepLeads(sql: Sql, leadIds: readonly number[], builds: readonly Build[]): Promise<void> {
  if (leadIds.length === 0) return;
  const leads = await rows(
    sql,
    leadFacts,
    `select l.id, l.source, l.created_at::timestamptz as created_at,
            min(case when c.attempt is null then c.call_started_at else d.sent_at end) as first_dial_at,
            case when bool_or(c.status = 'pushed') then 4 when bool_or(c.status = 'called') then 3
                 when bool_or(c.answered_at is not null) then 2
                 when bool_or(c.id is not null and (c.attempt is null or d.sent_at is not null)) then 1
                 else 0 end as step
       from leads l left join calls c on c.lead_id = l.id left join dials d on d.call_id = c.id
      where l.id = any($1::int[]) and l.created_at is not null and l.source is distinct from '${testCallSource}' group by l.id`,
    [leadIds],
  );
  const after = leads.map(toProgress);
  for (const { generation } of builds) {
    const before = await rows(
      sql,
      progress,
      `select lead_id, day::text, source, step, speed_bucket from lead_progress
        where generation = $1 and lead_id = any($2::int[])`,
      [generation, leadIds],
    );
    const { replaced, changed, gone } = diffRows(before, after, (lead) => lead.leadId);
    if (gone.length > 0) {
      await affected(sql, `delete from lead_progress where generation = $1 and lead_id = any($2::int[])`, [
        generation,
        gone,
      ]);
    }
    await writeProgress(sql, generation, changed);
    await addToFunnel(sql, generation, replaced, changed);
    await addToSpeeds(sql, generation, replaced, changed);
  }
}

function toProgress(lead: z.output<typeof leadFacts>): Progress {
  const waited = lead.firstDialAt === null ? undefined : lead.firstDialAt.getTime() - lead.createdAt.getTime();
  return {
    leadId: lead.id,
    day: toIndianDay(lead.createdAt),
    source: lead.source?.trim() || 'unknown',
    step: lead.step,
    speedBucket: waited === undefined ? null : toSpeedBucket(waited),
  };
}

async function writeProgress(sql: Sql, generation: number, leads: readonly Progress[]): Promise<void> {
  if (leads.length === 0) return;
  await affected(
    sql,
    `insert into lead_progress (generation, lead_id, day, source, step, speed_bucket)
     select $1, * from json_to_recordset($2::json) as fresh
       ("leadId" int, day date, source text, step smallint, "speedBucket" int)
     on conflict (generation, lead_id) do update set
       day = excluded.day, source = excluded.source, step = excluded.step, speed_bucket = excluded.speed_bucket`,
    [generation, JSON.stringify(leads)],
  );
}

async function addToFunnel(
  sql: Sql,
  generation: number,
  before: readonly Progress[],
  after: readonly Progress[],
): Promise<void> {
  const changes = sumChanges(before, after, ({ day, source, step }) => ({
    key: { day, source, step },
    amounts: { leads: 1 },
  }));
  if (changes.length === 0) return;
  await affected(
    sql,
    `insert into funnel_daily as daily (generation, day, source, step, leads)
     select $1, * from json_to_recordset($2::json) as change (day date, source text, step smallint, leads bigint)
     on conflict (generation, day, source, step) do update set leads = daily.leads + excluded.leads`,
    [generation, JSON.stringify(changes)],
  );
}

async function addToSpeeds(
  sql: Sql,
  generation: number,
  before: readonly Progress[],
  after: readonly Progress[],
): Promise<void> {
  const dialled = (leads: readonly Progress[]) =>
    leads.flatMap(({ day, source, speedBucket: bucket }) => (bucket === null ? [] : [{ day, source, bucket }]));
  const changes = sumChanges(dialled(before), dialled(after), (key) => ({ key, amounts: { leads: 1 } }));
  if (changes.length === 0) return;
  await affected(
    sql,
    `insert into speed_daily as daily (generation, day, source, bucket, leads)
     select $1, * from json_to_recordset($2::json) as change (day date, source text, bucket int, leads bigint)
     on conflict (generation, day, source, bucket) do update set leads = daily.leads + excluded.leads`,
    [generation, JSON.stringify(changes)],
  );
}
