import type { PollWindow, PullAdapter } from '../sources/pull-adapter.ts';

export type PollResult =
  /** We stored the whole window. */
  { kind: 'read'; window: PollWindow } | { kind: 'limited' | 'refused' | 'failed'; retryAfterMs: number | undefined };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** We ask again this often after the vendor refused our key: somebody may have corrected it there. */
const refusedMs = hourMs / 2;
const longestRetryAfterMs = 24 * hourMs;

/**
 * The window to ask for. It begins a little before the end of the last one, and a long absence is cut into slices.
 * While a vendor answers with an empty body we also repeat the last day: an outage may look like "nobody has enquired".
 */
export function toPollWindow(
  { readTo, blankSince }: { readTo: Date; blankSince: Date | null },
  now: Date,
  pull: Pick<PullAdapter, 'overlapMs' | 'longestMs'>,
): PollWindow {
  const believed = blankSince === null ? readTo.getTime() : Math.max(blankSince.getTime(), readTo.getTime() - dayMs);
  const from = Math.min(believed, readTo.getTime(), now.getTime()) - pull.overlapMs;
  return { from: new Date(from), to: new Date(Math.min(now.getTime(), from + pull.longestMs)) };
}

/**
 * When to ask again.
 * @param failures failures in a row, this one included
 */
export function decideNextPoll(
  result: PollResult,
  failures: number,
  now: Date,
  pull: Pick<PullAdapter, 'everyMs' | 'leastGapMs'>,
): Date {
  return new Date(now.getTime() + Math.max(pull.leastGapMs, waitMs(result, failures, now, pull)));
}

function waitMs(
  result: PollResult,
  failures: number,
  now: Date,
  { everyMs, leastGapMs }: Pick<PullAdapter, 'everyMs' | 'leastGapMs'>,
): number {
  if (result.kind === 'read') return result.window.to < now ? leastGapMs : everyMs;
  const doubling = Math.min(hourMs, leastGapMs * 2 ** Math.min(failures - 1, 20));
  const askedMs = Math.min(result.retryAfterMs ?? 0, longestRetryAfterMs);
  return Math.max(askedMs, result.kind === 'refused' ? refusedMs : doubling);
}
