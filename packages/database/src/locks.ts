import { z } from 'zod';
import type { Session } from './session.ts';
import { instant, row, affected, type Sql } from './sql.ts';

/**
 * All advisory locks that Leadline takes, by the first of their two keys. What the second is, is its user's alone: hashes of
 * numbers and of names meet sooner or later, and there is an Indian mobile whose hash is that of `call_tracker_outbox`. So
 * no two users may share a class, and no class is ever given to another user: versions run side by side on one database.
 * Two numbers of one class whose hashes are equal only wait for each other.
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
  /** The second key is the outbox. Up to 0.1.0 relays, read model and audit were in class 4 too. */
  relay: 7,
  readModel: 8,
  redriveAudit: 9,
} as const;

/** Locks of a session end with it. These make one of all replicas the leader. */
export type LedClass = 'relay' | 'poller';

/**
 * Held while the schema is made: "leadline" as a number. It has one key of 64 bits; such locks never meet those that have
 * two keys. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
 */
const initLock = 5_374_612;

/** There is one of it. The dialling's lock is as old as its key. */
const only = 1;

/**
 * Taken before every UPDATE of a call's status and by its permit, as a statement of its own: the statement that counts
 * then sees what the last holder committed. Held until the transaction ends.
 */
export async function lockCall(sql: Sql, callId: number): Promise<void> {
  await lock(sql, lockClasses.call, callId);
}

/**
 * The same locks, taken for all calls of ours in these rooms: in one order, so that two groups wait for each other in one
 * direction only.
 */
export async function lockCallsInRooms(sql: Sql, rooms: readonly string[]): Promise<void> {
  await affected(
    sql,
    `select pg_advisory_xact_lock($1, id)
       from (select id from calls where call_room = any($2::text[]) and attempt is not null order by id offset 0) as ids`,
    [lockClasses.call, rooms],
  );
}

/** As `lockCall`, for calls that are permitted together: in one order, so that two groups wait in one direction only. */
export async function lockCalls(sql: Sql, callIds: readonly number[]): Promise<void> {
  await affected(
    sql,
    `select pg_advisory_xact_lock($1, id) from (select distinct unnest($2::int[]) as id order by 1 offset 0) as calls`,
    [lockClasses.call, callIds],
  );
}

/** One claim, permit or turn of a switch at a time, over all replicas. */
export async function lockDialControl(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.dialControl, only);
}

/** One at a time over all replicas writes the dashboard's read model: held until the transaction ends. */
export async function lockReadModel(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.readModel, only);
}

/** One redrive at a time is taken into the audit. */
export async function lockRedriveAudit(sql: Sql): Promise<void> {
  await lock(sql, lockClasses.redriveAudit, only);
}

async function lock(sql: Sql, lockClass: number, key: number): Promise<void> {
  await affected(sql, 'select pg_advisory_xact_lock($1, $2)', [lockClass, key]);
}

/**
 * Takes leads of these numbers in one at a time, over all replicas: whoever comes second sees the first one's lead. In
 * one order, so that two groups wait for each other in one direction only.
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

/** Whether this session leads from now on. */
export function tryToLead(session: Session, lockClass: LedClass, name: string): Promise<boolean> {
  return isTaken(session, 'select pg_try_advisory_lock($1, hashtext($2)) as taken', [lockClasses[lockClass], name]);
}

/** Whether this session alone may push for the number, until `letGoOfPushes` or its end. */
export function tryToHoldPushes(session: Session, phone: string): Promise<boolean> {
  return isTaken(session, 'select pg_try_advisory_lock($1, hashtext(last_ten($2))) as taken', [
    lockClasses.push,
    phone,
  ]);
}

export async function letGoOfPushes(session: Session, phone: string): Promise<void> {
  await session.query('select pg_advisory_unlock($1, hashtext(last_ten($2)))', [lockClasses.push, phone]);
}

/** Waits until no other process makes the schema; held until the session ends. */
export async function lockSchema(session: Session): Promise<void> {
  await session.query('select pg_advisory_lock($1)', [initLock]);
}

/** The one clock: read once by a transaction that decides. */
export async function databaseNow(sql: Sql): Promise<Date> {
  const found = await row(sql, z.object({ now: instant }), 'select clock_timestamp() as now', []);
  if (found === undefined) throw new Error('the database told no time');
  return found.now;
}
