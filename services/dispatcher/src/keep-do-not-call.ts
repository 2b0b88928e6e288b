import type { AskedBy } from '@leadline/contracts/command';
import type { addDoNotCall as addCommand, DoNotCallState } from '@leadline/contracts/commands/do-not-call';
import { databaseNow } from '@leadline/database/locks';
import { affected, instant, row } from '@leadline/database/sql';
import { requirePhone } from '@leadline/messaging/require-phone';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { isDoNotCall } from './number-rules.ts';

type Asked = AskedBy<typeof addCommand>;

/** Once this commits, the number gets no permit, in whatever form a lead writes it. */
export async function addDoNotCall(asked: Asked, deps: Deps): Promise<DoNotCallState> {
  const phone = requirePhone(asked.phone);
  await deps.postgres.transaction(async (sql) => {
    await affected(
      sql,
      `insert into do_not_call (phone, reason, added_at, added_by)
       select $1, $2, clock_timestamp(), $3
        where not exists (select 1 from do_not_call where last_ten(phone) = last_ten($1) and removed_at is null)`,
      [phone, asked.reason, asked.who],
    );
    await audit(sql, { action: 'add_do_not_call', who: asked.who, reason: asked.reason, phone });
  });
  return findDoNotCall(asked, deps);
}

/** Takes the number off the list and cancels the person's earlier wishes. The operator is responsible for that. */
export async function removeDoNotCall(asked: Asked, deps: Deps): Promise<DoNotCallState> {
  const phone = requirePhone(asked.phone);
  await deps.postgres.transaction(async (sql) => {
    // Wishes are dated by the same clock, so only a wish that arrives after this counts.
    const now = deps.now(await databaseNow(sql));
    const removed = await affected(
      sql,
      `update do_not_call set removed_at = $3, removed_by = $2
        where last_ten(phone) = last_ten($1) and removed_at is null`,
      [phone, asked.who, now],
    );
    if (removed === 0) {
      await affected(
        sql,
        `insert into do_not_call (phone, reason, added_at, added_by, removed_at, removed_by)
         values ($1, $2, $4, $3, $4, $3)`,
        [phone, asked.reason, asked.who, now],
      );
    }
    await audit(sql, { action: 'remove_do_not_call', who: asked.who, reason: asked.reason, phone });
  });
  return findDoNotCall(asked, deps);
}

export async function findDoNotCall(asked: { phone: string }, deps: Deps): Promise<DoNotCallState> {
  const phone = requirePhone(asked.phone);
  const sql = deps.postgres.sql;
  const listed = await row(
    sql,
    z.object({ reason: z.string().nullable(), addedAt: instant }),
    `select reason, added_at from do_not_call
      where last_ten(phone) = last_ten($1) and removed_at is null order by added_at limit 1`,
    [phone],
  );
  if (listed !== undefined) return { onTheList: true, reason: listed.reason, since: listed.addedAt.toISOString() };
  const heard = await isDoNotCall(sql, phone);
  return { onTheList: heard, reason: heard ? 'asked for it in a call' : null, since: null };
}
