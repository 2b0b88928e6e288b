import { testCallSource } from '@leadline/contracts/test-call';
import { row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';

/** SQL of a number's calls: those with the number, and an erased person's, which only a keyed hash identifies. */
const callsOf = (number: string): string => `select id from calls where last_ten(phone) = last_ten(${number})
  union all select call_id from dials where phone_hash = (select leadline_number_hash(${number}))`;

/** SQL: after this time an operator took the number off the list, or allowed calls to it. */
const takenOffAfter = (number: string, at: string): string =>
  `exists (select from do_not_call r where last_ten(r.phone) = last_ten(${number}) and r.removed_at > ${at})`;

/**
 * Whether this number must never be called: it is on the list, or the wish was said in any call to it and no operator has
 * taken it off the list since that wish arrived, by the database's clock. Old rows know only when the report or the call
 * was made.
 */
export const isOnList = (number: string): string =>
  `exists (select from do_not_call where last_ten(phone) = last_ten(${number}) and removed_at is null)
   or exists (select from (${callsOf(number)}) n join calls c on c.id = n.id and c.do_not_call
                left join call_facts f on f.call_id = c.id
               where not ${takenOffAfter(number, 'coalesce(f.do_not_call_at, f.agent_ended_at, c.call_started_at)')})`;

/**
 * Whether the last report of one of this number's calls could not be handled: it may say never to call again, so nobody is
 * rung until a person has looked at it (call-tracker's `hold-numbers`) or took the number off the do-not-call list.
 */
export const hasUnheardReport = (number: string): string =>
  `exists (select from call_facts where report_held_at is not null)
   and exists (select from (${callsOf(number)}) n join call_facts f on f.call_id = n.id
                where f.report_held_at is not null and not ${takenOffAfter(number, 'f.report_held_at')})`;

/** Whether the person at this number asked never to be called, for whichever lead or call. */
export async function isDoNotCall(sql: Sql, phone: string): Promise<boolean> {
  const found = await row(sql, z.object({ isListed: z.boolean() }), `select ${isOnList('$1')} as is_listed`, [phone]);
  return found?.isListed ?? false;
}

/**
 * SQL of due leads that are known to wait for an unhandled report. The claim leaves them out, so that they do not block
 * others. `l` is the lead.
 */
export const waitsForReport = `exists (select from lead_waits w where w.lead_id = l.id and w.reason = 'report_unheard')
  and exists (select from (${callsOf('l.phone')}) n join call_facts f on f.call_id = n.id
               where f.report_held_at is not null
                 and not exists (select from do_not_call r
                                  where last_ten(r.phone) = last_ten(l.phone) and r.removed_at > f.report_held_at)
              offset 0)`;

/** SQL: the settled call c brought answers. What was said in a test call counts for no lead. */
export const broughtAnswers = `c.status in ('called', 'pushed') and c.qualification is not null and c.qualification not in ('{}', 'null')
  and c.source is distinct from '${testCallSource}'`;

/** SQL of when the newest talk with answers at this number ended, whichever program made the call. */
export const talkedAt = (number: string): string =>
  `(select max(coalesce(call_ended_at, updated_at)) from calls c where last_ten(c.phone) = last_ten(${number}) and ${broughtAnswers})`;
