/**
 * `outage`: something is away, full, busy or read-only; the same request succeeds once that has passed, however long it
 * takes. `setup`: the schema or the rights do not fit this version; somebody has to correct that. `data`: Postgres
 * refuses the values. `ours`: nothing suggests that a repeat would end differently.
 */
export type Fault = 'outage' | 'setup' | 'data' | 'ours';

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html. The first match counts. */
const states: readonly (readonly [shape: RegExp, fault: Fault])[] = [
  // Connections, rollbacks in favour of others, lack of disk, memory or connections, an operator's intervention, the
  // server's disk.
  [/^(08|40|53|57|58)...$/, 'outage'],
  // Locks, and objects in use by others.
  [/^55(P03|006)$/, 'outage'],
  // Read-only: a standby, a demoted primary, a managed disk that is full. Also sessions and transactions that took too
  // long.
  [/^25(006|P03|P04)$/, 'outage'],
  [/^72000$/, 'outage'],
  // Prepared statements that the session does not know, or whose columns changed: a new connection prepares them again.
  [/^(0A|26)000$/, 'outage'],
  // Damaged pages of tables and indexes.
  [/^XX00[12]$/, 'outage'],
  // A missing database, schema, table, column or function; a missing right; a failed login.
  [/^(3D|3F|28)...$|^42(501|P01|703|883)$/, 'setup'],
  // Bad values, violated constraints, rows too large for an index.
  [/^(22|23|54)...$/, 'data'],
];

/** Errors without a code from Postgres or the system: the driver's and its pool's own words. */
const lost =
  /connection terminated|connection error|connection timeout|timeout exceeded when trying to connect|query read timeout|not queryable/i;
const untrusted = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** What a failed query, or any failed request, says. Looks at its causes too. */
export function decideFault(error: unknown): Fault {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const found = decideOne(cause);
    if (found !== undefined) return found;
  }
  return 'ours';
}

/** Locks, rollbacks in favour of others and slow statements may concern one of several rows only. */
const oneRows = /^(40|55|57014)/;

/** Whether other requests to the database fail in the same way: then the error says nothing about this one. */
export function isEverybodys(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const fault = decideFault(error);
  return (fault === 'outage' || fault === 'setup') && !oneRows.test(code);
}

function decideOne(error: Error): Fault | undefined {
  // A host with several addresses fails once for each address.
  if (error instanceof AggregateError && error.errors.some((inner) => decideFault(inner) === 'outage')) return 'outage';
  // Only the system's own errors name a system call: refused, reset, no route, no name, no descriptor left.
  if ('syscall' in error) return 'outage';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (socketCodes.has(code) || untrusted.test(code)) return 'outage';
  // The server ended the session, whatever it was about to do. Poolers have no better code for it.
  if ('severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC')) return 'outage';
  const state = states.find(([shape]) => shape.test(code));
  if (state !== undefined) return state[1];
  return code === '' && lost.test(error.message) ? 'outage' : undefined;
}

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
