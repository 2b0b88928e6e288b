import { maskPhone } from '@leadline/contracts/phone-number';
import { affected, rows } from '@leadline/database/sql';
import { erasedValue } from '@leadline/messaging/erased-value';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { keepRefusal } from './erase-person.ts';

const atOnce = 500;

const oldCall = z.object({ id: z.number(), phone: z.string(), doNotCall: z.boolean().nullable() });

/**
 * Takes names and numbers out of calls that ended more than `days` ago, of their dials and of the audit, and what was said of
 * callbacks; the rows stay.
 * Who asked never to be called again stays on that list.
 * @returns how many rows it emptied; none: nobody is left
 */
export function forgetOldPeople({ postgres }: Pick<Deps, 'postgres'>, days: number): Promise<number> {
  return postgres.transaction(async (sql) => {
    const calls = await rows(
      sql,
      oldCall,
      `select id, phone, do_not_call from calls
        where coalesce(call_ended_at, call_started_at) < clock_timestamp() - $1 * interval '1 day' and phone <> $2 and status <> 'calling'
        order by id limit $3`,
      [days, erasedValue, atOnce],
    );
    const ids = calls.map(({ id }) => id);
    for (const { phone, doNotCall: refused } of calls) if (refused === true) await keepRefusal(sql, phone, 'retention');
    await affected(
      sql,
      `update calls set name = null, phone = $2, updated_at = clock_timestamp() where id = any($1) and status <> 'calling'`,
      [ids, erasedValue],
    );
    await affected(
      sql,
      `update dials set phone = $2, phone_hash = leadline_number_hash(phone), network_phrase = null where call_id = any($1) and phone <> $2`,
      [ids, erasedValue],
    );
    const entries = await rows(
      sql,
      z.object({ id: z.coerce.number(), phone: z.string() }),
      `select id, phone from dispatcher_audit
        where at < clock_timestamp() - $1 * interval '1 day' and length(regexp_replace(phone, '\\D', '', 'g')) >= 10
        order by id limit $2`,
      [days, atOnce],
    );
    for (const { id, phone } of entries) {
      await affected(sql, `update dispatcher_audit set phone = $2 where id = $1`, [id, maskPhone(phone)]);
    }
    const words = await affected(
      sql,
      `update callbacks set words = null
        where id in (select id from callbacks where words is not null and state <> 'waiting'
                        and created_at < clock_timestamp() - $1 * interval '1 day' order by id limit $2)`,
      [days, atOnce],
    );
    return calls.length + entries.length + words;
  });
}
