export type CommitFaultDecision =
  /** Postgres refuses something in the data: looked for by halving the batch. */
  | { kind: 'refused' }
  /** Lost connection, busy lock, stopping server: the same batch again. */
  | { kind: 'again' }
  /** Nothing that a repeat would mend. */
  | { kind: 'ours' };

const unreachable = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'];

/** What a failed transaction says about the batch in it. */
export function decideCommitFault(error: unknown): CommitFaultDecision {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    // The lead that an enquiry joins was erased at this moment: looked for again, it is not there.
    if (code === '23503') return { kind: 'again' };
    // 54: a program limit, such as a text too long for an index or a value nested too deep for Postgres' stack.
    if (/^(22|23|54)...$/.test(code)) return { kind: 'refused' };
    if (/^(08|40|53|57|58)...$|^55P03$|^25P0[34]$/.test(code) || unreachable.includes(code)) return { kind: 'again' };
    // The driver has no code for a connection that ends in mid-query, or that did not come about in time.
    if (/connection|timeout|not queryable/i.test(cause.message) && code === '') return { kind: 'again' };
  }
  return { kind: 'ours' };
}
