import { z } from 'zod';
import type { Session } from './session.ts';
import { instant, row, affected, type Sql } from './sql.ts';

/**
 * All advisory locks of Leadline, by the first of their two keys. The user of a class chooses the second key. Hashes of
 * numbers and names collide sooner or later: there is an Indian mobile with the hash of `call_tracker_outbox`. So no
 * two users may share a class, and no class may ever get another user, because versions run side by side on one
 * database. Two numbers of one class with equal hashes only wait for each other.
 */
export const lockClasses = {
  /** The second key is the call's id. */
  call: 1,
  dialControl: 2,
  /** The second key is the number: its pushes to the CRM. */
  push: 3,
  /** The second key is the number: taking it in, and erasing it. */
  number: 4,
  poller: 6,
  /** The second key is the outbox. Up to 0.1.0, relays, read model and audit used class 4 too. */
  relay: 7,
  readModel: 8,
  redriveAudit: 9,
} as const;

/** Session locks, which end with their session. They make one of all replicas the leader. */
export type LedClass = 'relay' | 'poller';

/**
 * Held while the schema is created: "leadline" as a number. It is one key of 64 bits, which never collides with locks
 * of two keys. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
 */
const initLock = 5_374_612;

/** The second key of classes with a single lock. */
const only = 1;

/**
 * Take it before every UPDATE of a call's status and before its permit, as a statement of its own: the next statement
 * then sees what the last holder committed. Held until the transaction ends.
 */
export async function lockCall(sql: Sql, callId: number): Promise<void> {
  await lock(sql, lockClasses.call, callId);
}

/** The same locks for all of our calls in these rooms, in one order, so that two groups can't deadlock. */
export async function lockCallsInRooms(sql: Sql, rooms: readonly string[]): Promise<void> {
  await affected(
    sql,
    `select pg_advisory_xact_lock($1, id)
       from (select id from calls where call_room = any($2::text[]) and attempt is not null order by id offset 0) as ids`,
    [lockClasses.call, rooms],
  );
}

/** As `lockCall`, for calls that are permitted together, in one order, so that two groups can't deadlock. */
export async function lockCalls(sql: Sql, callIds: readonly number[]): Promise<void> {
  await affected(
    sql,
    `select pg_advisory_xact_lock($1, id) from (select distinct unnest($2::int[]) as id order by 1 offset 0) as calls`,
    [lockClasses.call, callIds],
  );
}

/** Allows one claim, permit or change of the stop switch at a time, over all replicas. */
export async function lockDialControl(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.dialControl, only);
}

/** Allows one writer of the dashboard's read model at a time, over all replicas; held until the transaction ends. */
export async function lockReadModel(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.readModel, only);
}

/** Allows one redrive at a time to be added to the audit. */
export async function lockRedriveAudit(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.redriveAudit, only);
}

async function lock(sql: Sql, lockClass: number, key: number): Promise<void> {
  await affected(sql, 'select pg_advisory_xact_lock($1, $2)', [lockClass, key]);
}

/**
 * Allows one intake of leads with these numbers at a time, over all replicas, so that the second sees the first one's
 * lead. In one order, so that two groups can't deadlock.
 */
export async function lockNumbers(sql: Sql, phones: readonly string[]): Promise<void> {
  await affected(
    sql,
    `select pg_advisory_xact_lock($1, key)
       from (select distinct hashtext(last_ten(phone)) as key from unnest($2::text[]) as phone order by 1 offset 0) as keys`,
    [lockClasses.number, phones],
  );
}

const taken = z.tuple([z.object({ taken: z.boolean() })]);

async function isTaken(session: Session, text: string, values: unknown[]): Promise<boolean> {
  return taken.parse((await session.query(text, values)).rows)[0].taken;
}

/** Tries to become the leader with this session; answers whether it leads from now on. */
export function tryToLead(session: Session, lockClass: LedClass, name: string): Promise<boolean> {
  return isTaken(session, 'select pg_try_advisory_lock($1, hashtext($2)) as taken', [lockClasses[lockClass], name]);
}

/** Tries to be the only session that pushes for the number, until `letGoOfPushes` or its end. */
export function tryToHoldPushes(session: Session, phone: string): Promise<boolean> {
  return isTaken(session, 'select pg_try_advisory_lock($1, hashtext(last_ten($2))) as taken', [
    lockClasses.push,
    phone,
  ]);
}

export async function letGoOfPushes(session: Session, phone: string): Promise<void> {
  await session.query('select pg_advisory_unlock($1, hashtext(last_ten($2)))', [lockClasses.push, phone]);
}

/** Waits until no other process creates the schema; held until the session ends. */
export async function lockSchema(session: Session): Promise<void> {
  await session.query('select pg_advisory_lock($1)', [initLock]);
}

/** The one clock: a transaction that decides reads it once. */
export async function databaseNow(sql: Sql): Promise<Date> {
  const found = await row(sql, z.object({ now: instant }), 'select clock_timestamp() as now', []);
  if (found === undefined) throw new Error('the database told no time');
  return found.now;
}
