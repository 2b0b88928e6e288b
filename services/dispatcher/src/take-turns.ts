/**
 * SQL of due leads in the claim's order: promises and other leads take turns, so that neither starves the other. A promise
 * goes before leads that are due at the same moment, unless the last dial was for a promise too. Within each kind the lead
 * that has been due longest goes first. `promises` and `others` give (id, due_at).
 */
export function inTurns(promises: string, others: string): string {
  return `
    with promises as materialized (${promises}), others as materialized (${others}),
    -- When the last dial was claimed, where that was for a promise.
    last as (select case when d.callback_id is not null then d.claimed_at end as promised_at
               from dials d order by d.call_id desc limit 1),
    turn as (select coalesce((select min(due_at) from others) < (select promised_at from last), false) as is_others)
    select id, due_at, place
      from (select id, due_at, 2 * row_number() over (order by due_at, id) - 1 as place from promises
            union all
            select id, due_at, 2 * row_number() over (order by due_at, id)
                     - case when (select is_others from turn) then 2 else 0 end from others) due
     order by place`;
}

/** SQL: a promise to the buyer of lead l is due at `now`. */
export const hasDuePromise = (now: string): string =>
  `exists (select from callbacks b where b.lead_id = l.id and b.state = 'waiting' and b.due_at <= ${now})`;
