import { rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { oldCallHolds } from './load-dial-facts.ts';
import { waitsForReport } from './number-rules.ts';
import { hasDuePromise, inTurns } from './take-turns.ts';

/** How many leads we look at once the leads in front have to wait. */
export const mostLookedAt = 20;

/**
 * SQL of what keeps a due lead l out of a claim at the time `now`: a call that is not decided, and what it waits for and
 * was told so. One that waits for its number is left out until that number is free. `offset 0` has Postgres ask that of one
 * lead after the other, by the index of numbers: else it reads every dial there ever was (0.3 s with 100,000 of them).
 */
const isReady = (now: string): string => `
  not exists (select 1 from calls c left join dials d on d.call_id = c.id
               where c.lead_id = l.id
                 and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null)))
  and not (exists (select from lead_waits w where w.lead_id = l.id)
       and (exists (select from dials d
                     where last_ten(d.phone) = last_ten(l.phone) and d.revoked_at is null
                       and coalesce((select f.number_free_at from call_facts f where f.call_id = d.call_id), 'infinity') > ${now}
                    offset 0)
         or exists (select from calls o
                     where last_ten(o.phone) = last_ten(l.phone) and o.attempt is null and o.status = 'calling'
                       and o.call_started_at > ${now} - ${oldCallHolds}
                    offset 0)))
  and not (${waitsForReport})`;

/**
 * SQL of the leads that are due, as `loadDialFacts` wants them: who has been due longest comes first, and due promises
 * take turns with the others. Three lists, each in the order of its own index, so that every plan stops early, however many
 * leads wait for a retry.
 */
export function getNewLeads(limit: number): (now: string) => string {
  return (now) => {
    const promises = `
      select l.id, b.due_at from callbacks b join leads l on l.id = b.lead_id
       where b.state = 'waiting' and b.due_at <= ${now}
         and l.status = 'new' and (l.retry_after is null or l.retry_after <= ${now}) and ${isReady(now)}
       order by b.due_at limit ${limit}`;
    const others = `
      (select l.id, l.created_at::timestamptz as due_at from leads l
        where l.status = 'new' and l.retry_after is null and not ${hasDuePromise(now)} and ${isReady(now)}
        order by l.created_at, l.id limit ${limit})
      union all
      (select l.id, l.retry_after::timestamptz from leads l
        where l.status = 'new' and l.retry_after <= ${now} and not ${hasDuePromise(now)} and ${isReady(now)}
        order by l.retry_after limit ${limit})`;
    return `
      select d.id as lead_id, null::int as call_id, null::text as phone, d.place
        from (${inTurns(promises, others)}) d order by d.place limit ${limit}`;
  };
}

/** From how many due leads we choose the probe. */
const probeCandidates = 200;

/**
 * The leads from which the probe of a tripped breaker is chosen. Leads that were a probe within the last hour come last:
 * otherwise a lead whose own agent never comes would be the probe again and again, and hold back all others.
 */
export async function listProbes(sql: Sql, now: Date): Promise<number[]> {
  const due = await rows(
    sql,
    z.object({ leadId: z.number() }),
    `select due.lead_id
       from (${getNewLeads(probeCandidates)('$1::timestamptz')}) due
            cross join lateral (select max(d.claimed_at) as at from dials d where d.lead_id = due.lead_id and d.probe) probed
      order by case when probed.at > $1::timestamptz - interval '1 hour' then probed.at end nulls first, due.place
      limit ${mostLookedAt}`,
    [now],
  );
  return due.map(({ leadId }) => leadId);
}

/** Due leads in the claim's order, for when the claim of a group throws and each lead is claimed by itself. */
export async function listDueLeads(sql: Sql, now: Date, limit: number): Promise<number[]> {
  const text = `select lead_id from (${getNewLeads(limit)('$1::timestamptz')}) due order by place`;
  return (await rows(sql, z.object({ leadId: z.number() }), text, [now])).map(({ leadId }) => leadId);
}
