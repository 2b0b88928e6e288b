import type { Database } from '@leadline/database/open-database';
import { lockCall } from '@leadline/database/locks';
import { affected, rows } from '@leadline/database/sql';
import { z } from 'zod';

const atOnce = 500;

/**
 * Removes what people said from calls that were settled more than `days` ago. That they were qualified stays. Answers that
 * the CRM has not accepted by then are lost.
 * @returns how many calls it emptied; none: nobody is left
 */
export function forgetOldPeople(postgres: Database, days: number): Promise<number> {
  return postgres.transaction(async (sql) => {
    const calls = await rows(
      sql,
      z.object({ id: z.number() }),
      `select c.id from calls c left join call_facts f on f.call_id = c.id
        where coalesce(c.call_ended_at, c.call_started_at) < clock_timestamp() - $1 * interval '1 day'
          and c.status <> 'calling' and (c.qualification is not null or f.callback_at is not null or f.callback_words is not null or f.callback_request is not null
               or f.answered_detail is not null or f.language is not null)
        order by c.id limit $2`,
      [days, atOnce],
    );
    const ids = calls.map(({ id }) => id);
    for (const id of ids) await lockCall(sql, id);
    await affected(
      sql,
      `update call_facts set callback_at = null, callback_words = null, callback_request = null, answered_detail = null, language = null
        where call_id = any($1)`,
      [ids],
    );
    await affected(
      sql,
      `update calls set qualification = null, updated_at = clock_timestamp()
        where id = any($1) and status <> 'calling'`,
      [ids],
    );
    return ids.length;
  });
}
