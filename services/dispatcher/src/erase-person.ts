import type { EraseAsked, Erased } from '@leadline/contracts/commands/erase';
import { maskPhone } from '@leadline/contracts/phone-number';
import { databaseNow, lockDialControl } from '@leadline/database/locks';
import { rehearse } from '@leadline/database/rehearse';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { CommandRefused } from '@leadline/messaging/ask';
import { erasedValue } from '@leadline/messaging/erased-value';
import { requirePhone } from '@leadline/messaging/require-phone';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { isDoNotCall } from './number-rules.ts';
import { revokeDial } from './revoke-dial.ts';
import { erasePromises } from './steer-callbacks.ts';

/**
 * Takes a person's name and number out of calls, dials and the audit. A dial that is not sent yet is revoked. While a
 * phone may ring or a call goes on we refuse: without the number a second call to it could begin. The do-not-call list
 * keeps its numbers, because we must know them to honour it.
 */
export async function erasePerson(asked: EraseAsked, deps: Deps): Promise<Erased> {
  const phone = requirePhone(asked.phone);
  const { postgres } = deps;
  const unsent = await rows(
    postgres.sql,
    z.object({ callId: z.number() }),
    `select call_id from dials where last_ten(phone) = last_ten($1) and sent_at is null and revoked_at is null`,
    [phone],
  );
  if (!asked.dryRun) for (const dial of unsent) await revokeDial(dial.callId, { putBack: erasedValue }, deps);
  return rehearse(postgres, asked.dryRun, async (sql) => {
    await lockDialControl(sql);
    const now = deps.now(await databaseNow(sql));
    await refuseWhileInUse(sql, phone, now, asked.dryRun);
    const isListed = await keepRefusal(sql, phone, asked.who);
    const counts = {
      revokedDials: unsent.length,
      // By the numbers of calls, which go next.
      callbacks: await erasePromises(sql, phone, now),
      calls: await affected(
        sql,
        `update calls set name = null, phone = $2, updated_at = $3 where last_ten(phone) = last_ten($1)`,
        [phone, erasedValue, now],
      ),
      // We keep the hash, so that a wish which arrives late still counts for this number.
      dials: await affected(
        sql,
        `update dials set phone = $2, phone_hash = leadline_number_hash($1), network_phrase = null where last_ten(phone) = last_ten($1)`,
        [phone, erasedValue],
      ),
      auditEntries: await affected(sql, `update dispatcher_audit set phone = $2 where last_ten(phone) = last_ten($1)`, [
        phone,
        maskPhone(phone),
      ]),
    };
    await audit(sql, {
      action: 'erase',
      who: asked.who,
      reason: asked.reason,
      phone: maskPhone(phone),
      details: counts,
    });
    return { counts, left: isListed ? ['the number stays on the do-not-call list, to be honoured'] : [] };
  });
}

/** Permits take the same lock, so we see every permit that was given before. */
async function refuseWhileInUse(sql: Sql, phone: string, now: Date, isRehearsal: boolean): Promise<void> {
  const open = await row(
    sql,
    z.object({ id: z.number() }),
    `select c.id from calls c left join dials d on d.call_id = c.id
      where last_ten(c.phone) = last_ten($1) and c.status = 'calling'
        and d.revoked_at is null and (d.sent_at is not null or d.call_id is null or not $2) limit 1`,
    [phone, isRehearsal],
  );
  if (open !== undefined) throw new CommandRefused(`phone: call ${open.id} to it goes on; ask again when it has ended`);
  const held = await row(
    sql,
    z.object({ until: instant }),
    `select max(f.number_free_at) as until from dials d join call_facts f on f.call_id = d.call_id
      where last_ten(d.phone) = last_ten($1) and d.revoked_at is null having max(f.number_free_at) > $2`,
    [phone, now],
  );
  if (held !== undefined) {
    throw new CommandRefused(
      `phone: it may still ring from an earlier call; ask again after ${held.until.toISOString()}`,
    );
  }
}

/** A wish said in a call is found by the call's number, which we erase: so we put the number on the list. */
export async function keepRefusal(sql: Sql, phone: string, who: string): Promise<boolean> {
  if (!(await isDoNotCall(sql, phone))) return false;
  await affected(
    sql,
    `insert into do_not_call (phone, reason, added_at, added_by)
     select $1, 'asked for it in a call', clock_timestamp(), $2
      where not exists (select from do_not_call where last_ten(phone) = last_ten($1) and removed_at is null)`,
    [phone, who],
  );
  return true;
}
