import { affected, row, rows } from '@leadline/database/sql';
import type { Database } from '@leadline/database/open-database';
import { z } from 'zod';
import { checkNothing, hashPassword, isPassword } from './passwords.ts';

export const userRoles = z.enum(['viewer', 'operator']);
export type UserRole = z.infer<typeof userRoles>;

export const shortestPassword = 12;

export function isUserName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._@-]{0,99}$/.test(name);
}

/** The person who looks. A viewer sees masked numbers and changes nothing. */
export type User = { name: string; role: UserRole };

/** Creates a user, or gives one a new password and role. Ends sessions with another password or role. */
export async function setUser(postgres: Database, user: User & { password: string }): Promise<void> {
  const known = await findUser(postgres, user.name);
  const same =
    known?.role === user.role && known.hash !== null && (await isPassword(user.password, known.hash)) && known.active;
  if (same) return;
  const hash = await hashPassword(user.password);
  await postgres.transaction(async (sql) => {
    await affected(
      sql,
      `insert into dashboard_users (name, role, password_hash) values ($1, $2, $3)
       on conflict (name) do update set role = $2, password_hash = $3, disabled_at = null`,
      [user.name, user.role, hash],
    );
    await affected(sql, `delete from dashboard_sessions where user_name = $1`, [user.name]);
  });
}

/**
 * Admits a person whom the organisation's provider vouches for: creates the user at the first login, and sets the role
 * at each.
 * @returns false when an operator of ours has disabled the name
 */
export function admitUser(postgres: Database, user: User): Promise<boolean> {
  return postgres.transaction(async (sql) => {
    const admitted = await affected(
      sql,
      `insert into dashboard_users as known (name, role) values ($1, $2)
       on conflict (name) do update set role = $2 where known.disabled_at is null and known.password_hash is null`,
      [user.name, user.role],
    );
    return admitted > 0;
  });
}

/** @returns false when no such user may log in */
export function disableUser(postgres: Database, name: string): Promise<boolean> {
  return postgres.transaction(async (sql) => {
    await affected(sql, `delete from dashboard_sessions where user_name = $1`, [name]);
    const disable = `update dashboard_users set disabled_at = clock_timestamp() where name = $1 and disabled_at is null`;
    return (await affected(sql, disable, [name])) > 0;
  });
}

export function listUsers(postgres: Database): Promise<(User & { isActive: boolean })[]> {
  return rows(
    postgres.sql,
    z.object({ name: z.string(), role: userRoles, isActive: z.boolean() }),
    `select name, role, disabled_at is null as is_active from dashboard_users order by name`,
    [],
  );
}

const kept = z.object({ role: userRoles, hash: z.string().nullable(), active: z.boolean() });

async function findUser(
  postgres: Database,
  name: string,
): Promise<{ role: UserRole; hash: string | null; active: boolean } | undefined> {
  return row(
    postgres.sql,
    kept,
    `select role, password_hash as hash, disabled_at is null as active from dashboard_users where name = $1`,
    [name],
  );
}

export type LoginDecision = { kind: 'in'; user: User } | { kind: 'wrong' } | { kind: 'too_many' };

const maxFailures = { pair: 5, address: 30, name: 100 };

/**
 * Checks name and password. It counts a try before the check, over all replicas, so that many tries at once are no
 * better than one after the other; a right password takes its own try back. Within 15 minutes a name may fail 5 times
 * from one address, an address 30 times, and a name 100 times in all. So a stranger who fails on purpose can't lock an
 * operator out of the stop switch.
 */
export async function logIn(
  postgres: Database,
  asked: { name: string; password: string; address: string },
): Promise<LoginDecision> {
  const sql = postgres.sql;
  const name = asked.name.slice(0, 100);
  const tried = await row(
    sql,
    z.object({ id: z.coerce.number() }),
    `insert into dashboard_login_failures (name, address) values ($1, $2) returning id`,
    [name, asked.address],
  );
  const failures = await row(
    sql,
    z.object({ pair: z.number(), address: z.number(), name: z.number() }),
    `select count(*) filter (where name = $1 and address = $2)::int as pair,
            count(*) filter (where address = $2)::int as address, count(*) filter (where name = $1)::int as name
       from dashboard_login_failures where at > clock_timestamp() - interval '15 minutes' and (name = $1 or address = $2)`,
    [name, asked.address],
  );
  if (failures === undefined || tried === undefined) throw new Error('a login was not counted');
  if (failures.pair > maxFailures.pair || failures.address > maxFailures.address || failures.name > maxFailures.name) {
    // Refused without a check: it proves nothing, and would only prolong the wait.
    await affected(sql, `delete from dashboard_login_failures where id = $1`, [tried.id]);
    return { kind: 'too_many' };
  }
  const user = await findUser(postgres, name);
  const right =
    user?.active === true && user.hash !== null
      ? await isPassword(asked.password, user.hash)
      : await checkNothing(asked.password);
  if (!right || user === undefined) return { kind: 'wrong' };
  await affected(sql, `delete from dashboard_login_failures where name = $1 and address = $2`, [name, asked.address]);
  return { kind: 'in', user: { name, role: user.role } };
}
