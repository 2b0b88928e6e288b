import { probe } from '@leadline/service-kit/admin-server';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { setUser } from './users.ts';

/** Creates or updates the users of FIRST_USERS. It waits for the schema, which somebody else may be about to make. */
export async function makeFirstUsers(
  users: NonNullable<Config['FIRST_USERS']>,
  { postgres, log }: Deps,
): Promise<void> {
  for (let attempt = 0; users.length > 0; attempt++) {
    const there = await probe(() => postgres.check());
    if (there === true) break;
    if (attempt % 10 === 0) log.warn({ database: there }, 'the first users wait for the database');
    await wait(1_000);
  }
  await Promise.all(users.map((user) => setUser(postgres, user)));
}
