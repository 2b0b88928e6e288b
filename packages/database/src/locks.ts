import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { instant, row, affected } from './sql.ts';

/** Classes of advisory locks, the first of their two keys. */
const callClass = 1;
const singletonClass = 2;
const mobileClass = 3;
const numberClass = 4;
const dialControl = 1;

/**
 * Taken before every UPDATE of a call's status and by its permit, as a statement of its own: the statement that counts
 * then sees what the last holder committed. Held until the transaction ends.
 */
export async function lockCall(em: EntityManager, callId: number): Promise<void> {
  await affected(em, 'select pg_advisory_xact_lock($1, $2)', [callClass, callId]);
}

/** One claim, permit or turn of a switch at a time, over all replicas. */
export async function lockDialControl(em: EntityManager): Promise<void> {
  await affected(em, 'select pg_advisory_xact_lock($1, $2)', [singletonClass, dialControl]);
}

/** One decision about a mobile number at a time. Waits no longer than the session's lock_timeout. */
export async function lockMobile(em: EntityManager, phone: string): Promise<void> {
  await affected(em, 'select pg_advisory_xact_lock($1, hashtext(last_ten($2)))', [mobileClass, phone]);
}

/**
 * Takes leads of these numbers in one at a time, over all replicas: whoever comes second sees the first one's lead. In
 * one order, so that two groups wait for each other in one direction only.
 */
export async function lockNumbers(em: EntityManager, phones: readonly string[]): Promise<void> {
  await affected(
    em,
    `select pg_advisory_xact_lock($1, key)
       from (select distinct hashtext(last_ten(phone)) as key from unnest($2::text[]) as phone order by 1 offset 0) as keys`,
    [numberClass, phones],
  );
}

/** The one clock: read once by a transaction that decides. */
export async function databaseNow(em: EntityManager): Promise<Date> {
  const found = await row(em, z.object({ now: instant }), 'select clock_timestamp() as now', []);
  if (found === undefined) throw new Error('the database told no time');
  return found.now;
}
