export type Report = {
  /**
   * Accepting durably beside the same machine's bare route and beside one INSERT and publish a request; and how much
   * longer than a bare nats client `leadline tail` takes to print 5,000 stored events; and a claim with
   * its permit after 50,000 calls of the day beside one before any.
   */
  ratios: { acceptToRoute: number; acceptToPlain: number; tailToBare: number; claimLateToEarly: number };
  endToEndPerSecond: number;
  postToDialMs: { p50: number; p99: number };
  /** Of the leads sent at the pace and in the burst: those whose phones rang within the wait. */
  dialled: Record<'paced' | 'burst', { sent: number; inTime: number }>;
};

/** Nearest rank: the smallest value that at least this share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
