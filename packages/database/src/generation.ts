import { z } from 'zod';
import { row, type Sql } from './sql.ts';

/** The SQL expression for `readGeneration`, for statements that read something else too. */
export const generationColumn = `pg_postmaster_start_time() || ' ' || 'dispatcher_outbox'::regclass::oid`;

/**
 * Identifies this very database, so that we notice one that was restored in its place: another server, another start of
 * it, another database, or another copy of our tables. Two values are equal only if no backup can have come between.
 */
export async function readGeneration(sql: Sql): Promise<string> {
  const found = await row(sql, z.object({ generation: z.string() }), `select ${generationColumn} as generation`, []);
  if (found === undefined) throw new Error('the database did not tell which it is');
  return found.generation;
}
