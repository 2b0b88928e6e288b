import { affected, row } from '@leadline/database/sql';
import type { Database } from '@leadline/database/open-database';
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { userRoles, type User } from './users.ts';

/** A login session. Only the browser has the token; the database has its hash. */
export type Session = { token: string; user: User };

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

export async function beginSession(postgres: Database, user: User, hours: number): Promise<Session> {
  const token = randomBytes(32).toString('base64url');
  await affected(
    postgres.sql,
    `insert into dashboard_sessions (token_hash, user_name, expires_at)
     values ($1, $2, clock_timestamp() + make_interval(hours => $3))`,
    [hashOf(token), user.name, hours],
  );
  return { token, user };
}

export async function findSession(postgres: Database, token: string): Promise<Session | undefined> {
  const user = await row(
    postgres.sql,
    z.object({ name: z.string(), role: userRoles }),
    `select u.name, u.role from dashboard_sessions s join dashboard_users u on u.name = s.user_name
      where s.token_hash = $1 and s.expires_at > clock_timestamp() and u.disabled_at is null`,
    [hashOf(token)],
  );
  return user === undefined ? undefined : { token, user };
}

export async function endSession(postgres: Database, token: string): Promise<void> {
  await affected(postgres.sql, `delete from dashboard_sessions where token_hash = $1`, [hashOf(token)]);
}

/** The value that a form of this session must carry. It is derived from the token and does not reveal it. */
export function formToken(session: Session): string {
  return hashOf(`form:${session.token}`);
}
