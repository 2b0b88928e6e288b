import { decideFault } from '@leadline/database/decide-fault';

export type CommitFault =
  /** Postgres refuses something in the data: looked for by halving the batch. */
  | { kind: 'refused' }
  /** Lost connection, busy lock, stopping server: the same batch again. */
  | { kind: 'again' }
  /** Nothing that a repeat would mend. */
  | { kind: 'ours' };

/** What a failed transaction says about the batch in it. */
export function commitFault(error: unknown): CommitFault {
  // The lead that an enquiry joins was erased at this moment: looked for again, it is not there.
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
