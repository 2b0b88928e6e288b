import { erase, type EraseAsked, type Erased } from '@leadline/contracts/commands/erase';
import { mentionsPhone } from '@leadline/contracts/phone-number';
import { lockNumbers } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { rehearse } from '@leadline/database/rehearse';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { erasedValue } from '@leadline/messaging/erased-value';
import { requirePhone } from '@leadline/messaging/require-phone';
import { z } from 'zod';

/** `ops.ingest.erase` */
export function answerErase(nats: Nats, postgres: Database): Promise<Answering> {
  return answer(nats, erase.ingest, (asked) => erasePerson(asked, postgres));
}

/**
 * Removes a person from leads, deliveries and enquiries, in one transaction. The rows stay, so that minutes and funnels
 * stay right and repeats are still recognised. A hash of the number stays, so that ingest refuses what was sent before
 * the erasure. A waiting lead has no number any more, so the dispatcher gives it up.
 */
function erasePerson(asked: EraseAsked, postgres: Database): Promise<Erased> {
  const phone = requirePhone(asked.phone);
  return rehearse(postgres, asked.dryRun, async (sql) => {
    // Blocks new leads of this number until the erasure is committed.
    await lockNumbers(sql, [phone]);
    const before = await row(
      sql,
      z.object({ erasedAt: instant }),
      `select erased_at from erased_numbers where phone_hash = leadline_phone_hash($1)`,
      [phone],
    );
    await affected(
      sql,
      `insert into erased_numbers (phone_hash, erased_at) values (leadline_phone_hash($1), clock_timestamp())
           on conflict (phone_hash) do update set erased_at = excluded.erased_at`,
      [phone],
    );
    const leads = await rows(
      sql,
      z.object({ id: z.number() }),
      `update leads set name = $2, phone = $2, email = null, city = null, state = null, query_message = null,
              updated_at = clock_timestamp()
        where last_ten(phone) = last_ten($1) returning id`,
      [phone, erasedValue],
    );
    const ids = leads.map(({ id }) => id);
    const counts = {
      leads: ids.length,
      deliveries: await blankReceipts(sql, phone, ids),
      enquiries: await affected(
        sql,
        `update lead_enquiries set query_message = null where lead_id = any($1) and query_message is not null`,
        [ids],
      ),
    };
    const details = { reason: asked.reason, leadIds: ids, ...counts };
    await affected(sql, `insert into ingest_audit (action, who, details) values ('erase', $1, $2)`, [
      asked.who,
      JSON.stringify(details),
    ]);
    return {
      counts,
      left: before === undefined ? [] : [`ingest erased it before, at ${before.erasedAt.toISOString()}`],
    };
  });
}

/**
 * Blanks the stored deliveries of this person: accepted ones by their lead, refused ones by the number in them. If a
 * body holds several people's leads, the whole body goes, but the others' leads stay.
 */
async function blankReceipts(sql: Sql, phone: string, leadIds: number[]): Promise<number> {
  return affected(
    sql,
    `with own as materialized (
       select id, delivery_id from lead_receipts
        where lead_id = any($2) or last_ten(phone_raw) = last_ten($1) or id = any($3)
           or phone_alternates::text like '%' || last_ten($1) || '%')
     update lead_receipts r
        set body = '', raw = null, query = null,
            phone_raw = case when r.id in (select id from own) then null else phone_raw end,
            phone_alternates = case when r.id in (select id from own) then null else phone_alternates end
      where (r.id in (select id from own)
             or r.delivery_id in (select delivery_id from own where delivery_id is not null))
        and (body <> '' or raw is not null or query is not null or phone_raw is not null or phone_alternates is not null)`,
    [phone, leadIds, await findRefused(sql, phone)],
  );
}

const atOnce = 200;

/**
 * Finds refused deliveries that contain the number, however they write it. Postgres searches plain text; other scripts
 * and escapes are read here.
 */
async function findRefused(sql: Sql, phone: string): Promise<string[]> {
  const found: string[] = [];
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const read = await rows(
      sql,
      z.object({ id: z.string(), said: z.string() }),
      `select id, said from lead_receipts, concat_ws(E'\\n', body, query, phone_raw) as said
        where verdict = 'rejected' and id > $2
          and (octet_length(said) <> length(said) or strpos(said, '%') > 0 or strpos(said, '\\u') > 0
               or regexp_replace(said, '[\\s()+._-]', '', 'g') like '%' || last_ten($1) || '%')
        order by id limit ${atOnce}`,
      [phone, after],
    );
    found.push(...read.filter(({ said }) => mentionsPhone(said, phone)).map(({ id }) => id));
    const last = read.at(-1);
    if (last === undefined || read.length < atOnce) return found;
    after = last.id;
  }
}
