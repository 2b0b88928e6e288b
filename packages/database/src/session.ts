/**
 * What our statements rely on, whatever ALTER DATABASE, ALTER ROLE or postgresql.conf say: sent as the connection is made,
 * it outranks them. Dates are read as ISO, and what a lock waited for is seen by the next statement. TimeZone stays the
 * database's: an adopted table may have columns without one, and the old program means the database's own by them.
 */
export const sessionSettings =
  '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c standard_conforming_strings=on ' +
  '-c default_transaction_isolation=read\\ committed';

/** A connection of its user's own. */
export type Session = { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };

/**
 * Asks the session whether it may write. Where it may not, its server is no primary any more, or for now: whoever keeps
 * the connection would stay with it for ever, so end it.
 * @throws Error with the SQLSTATE of a write that is refused
 */
export async function requireWritable(session: Session): Promise<void> {
  const { rows } = await session.query(`select where current_setting('transaction_read_only')::boolean`, []);
  if (rows.length > 0) {
    const words = 'the database is read-only: a standby, a demoted primary, or its disk is full';
    throw Object.assign(new Error(words), { code: '25006' });
  }
}
