import type { Database } from '@leadline/database/open-database';
import { affected } from '@leadline/database/sql';
import { erasedValue } from '@leadline/messaging/erased-value';

const atOnce = 500;

/**
 * Removes people older than `days` from leads, deliveries and enquiries, a few in each transaction; the rows stay. It
 * keeps a lead that waits for a call or is in one, however old.
 * @returns how many rows it blanked; 0 when nobody is left
 */
export function forgetOldPeople(postgres: Database, days: number): Promise<number> {
  return postgres.transaction(async (sql) => {
    const leads = await affected(
      sql,
      `with old as (
         select id from leads l
          where updated_at < clock_timestamp() - $1 * interval '1 day' and phone <> $2 and status <> 'new'
            and not exists (select from calls c where c.lead_id = l.id and c.status = 'calling')
          order by id limit $3 for update skip locked)
       update leads set name = $2, phone = $2, email = null, city = null, state = null, query_message = null,
              updated_at = clock_timestamp()
        where id in (select id from old)`,
      [days, erasedValue, atOnce],
    );
    const deliveries = await affected(
      sql,
      `with old as (
         select id from lead_receipts
          where received_at < clock_timestamp() - $1 * interval '1 day'
            and (body <> '' or raw is not null or query is not null or phone_raw is not null or phone_alternates is not null)
          order by received_at limit $2 for update skip locked)
       update lead_receipts set body = '', raw = null, query = null, phone_raw = null, phone_alternates = null
        where id in (select id from old)`,
      [days, atOnce],
    );
    const enquiries = await affected(
      sql,
      `update lead_enquiries set query_message = null
        where query_message is not null and lead_id in (select id from leads where phone = $1)`,
      [erasedValue],
    );
    return leads + deliveries + enquiries;
  });
}
