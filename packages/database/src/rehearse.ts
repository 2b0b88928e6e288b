import type { Sql } from './sql.ts';
import type { Database } from './open-database.ts';

/** Runs the work in a transaction; a rehearsal answers the same and leaves everything as it was. */
export async function rehearse<T>(
  postgres: Database,
  isRehearsal: boolean,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  try {
    return await postgres.transaction(async (sql) => {
      const answered = await work(sql);
      if (isRehearsal) throw new RolledBack(answered);
      return answered;
    });
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was thrown above, with what the work answered
    if (error instanceof RolledBack) return error.answered as T;
    throw error;
  }
}

class RolledBack extends Error {
  override name = 'RolledBack';
  readonly answered: unknown;
  constructor(answered: unknown) {
    super('a rehearsal');
    this.answered = answered;
  }
}
