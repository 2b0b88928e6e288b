import { decideFault } from '@leadline/database/decide-fault';

export type CommitFault =
  /** Postgres refuses some of the data. Halve the batch to find it. */
  | { kind: 'refused' }
  /** The connection broke, a lock was busy or the server is stopping. Try the same batch again. */
  | { kind: 'again' }
  /** A repeat would not help. */
  | { kind: 'ours' };

/** What a failed transaction says about its batch. */
export function commitFault(error: unknown): CommitFault {
  // Somebody erased the lead that an enquiry joins just now. The next try does not find it.
  if (codesOf(error).includes('23503')) return { kind: 'again' };
  switch (decideFault(error)) {
    case 'outage':
      return { kind: 'again' };
    case 'data':
      return { kind: 'refused' };
    case 'setup':
    case 'ours':
      return { kind: 'ours' };
  }
}

function codesOf(error: unknown): unknown[] {
  return error instanceof Error ? [...('code' in error ? [error.code] : []), ...codesOf(error.cause)] : [];
}
