import type { Database } from '@leadline/database/open-database';
import { probe } from '@leadline/service-kit/admin-server';
import type { Log } from '@leadline/service-kit/logger';
import { setTimeout as wait } from 'node:timers/promises';
import { setUser, type User } from './users.ts';

/** Creates or updates the users of FIRST_USERS. It waits for the schema, which the set-up may still be creating. */
export async function makeFirstUsers(
  users: readonly (User & { password: string })[],
  { postgres, log }: { postgres: Database; log: Log },
): Promise<void> {
  for (let attempt = 0; users.length > 0; attempt++) {
    const there = await probe(() => postgres.check());
    if (there === true) break;
    if (attempt % 10 === 0) log.warn({ database: there }, 'the first users wait for the database');
    await wait(1_000);
  }
  await Promise.all(users.map((user) => setUser(postgres, user)));
}
