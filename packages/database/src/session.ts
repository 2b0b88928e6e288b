/**
 * The session settings that our statements rely on. We send them when connecting, so they override ALTER DATABASE,
 * ALTER ROLE and postgresql.conf. Dates come as ISO, and a statement sees what was committed while it waited for a
 * lock. TimeZone stays the database's, because an adopted table may have columns without a zone, and the old program
 * means the database's zone in them.
 */
export const sessionSettings =
  '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c standard_conforming_strings=on ' +
  '-c default_transaction_isolation=read\\ committed';

/** A connection of its user's own. */
export type Session = { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };

/**
 * Checks that the session may write. If not, its server is no primary (any more). End the connection then: it would
 * stay with that server for ever.
 * @throws Error with the SQLSTATE of a refused write
 */
export async function requireWritable(session: Session): Promise<void> {
  const { rows } = await session.query(`select where current_setting('transaction_read_only')::boolean`, []);
  if (rows.length > 0) {
    const words = 'the database is read-only: a standby, a demoted primary, or its disk is full';
    throw Object.assign(new Error(words), { code: '25006' });
  }
}
