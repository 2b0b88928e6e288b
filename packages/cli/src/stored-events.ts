import type { Nats } from '@leadline/messaging/connect';
import { fetchMessage } from '@leadline/messaging/stored-message';
import { readEnds, readStored, type Tailed } from '@leadline/messaging/tail';
import type { StreamName } from '@leadline/messaging/topology';
import { mergeByTime } from './merge-by-time.ts';

/** The end of a stream when we asked; we follow newer messages from there. */
export type StreamEnds = { stream: StreamName; subjects: string[]; first: number; last: number };

export async function readStreamEnds(nats: Nats, picked: Map<StreamName, string[]>): Promise<StreamEnds[]> {
  return Promise.all(
    [...picked].map(async ([stream, subjects]) => ({ stream, subjects, ...(await readEnds(nats, stream)) })),
  );
}

/** The streams' messages up to their ends, in the order of storage. */
export function readEvents(
  nats: Nats,
  ends: readonly StreamEnds[],
  from: { since?: Date | undefined; seq?: number | undefined },
): AsyncGenerator<Tailed> {
  const start = {
    ...(from.since === undefined ? {} : { since: from.since }),
    ...(from.seq === undefined ? {} : { after: Math.max(0, from.seq - 1) }),
  };
  return mergeByTime(ends.map(({ stream, subjects, last }) => readStored(nats, stream, { ...start, subjects }, last)));
}

/**
 * The newest `count` events that `pick` accepts, oldest first. Reads ever longer stretches from the end, so that it
 * need not read everything.
 */
export async function readLastEvents<T>(
  nats: Nats,
  ends: readonly StreamEnds[],
  count: number,
  pick: (message: Tailed) => T | undefined,
): Promise<T[]> {
  for (let stretch = count; ; stretch *= 8) {
    const parts = ends.map((end) => ({ ...end, from: Math.max(end.first, end.last - stretch + 1) }));
    const cut = parts.filter(({ from, first }) => from > first);
    let found: { at: Date; value: T }[] = [];
    const sources = parts.map(({ stream, subjects, last, from }) =>
      readStored(nats, stream, { after: Math.max(0, from - 1), subjects }, last),
    );
    for await (const message of mergeByTime(sources)) {
      const value = pick(message);
      if (value !== undefined) found.push({ at: message.at, value });
      if (found.length >= 2 * count) found = found.slice(-count);
    }
    found = found.slice(-count);
    // Before its stretch, a stream may hold events that are newer than another stream's.
    const [oldest] = found;
    const isEnough = found.length === count && oldest !== undefined;
    if (cut.length === 0 || (isEnough && (parts.length === 1 || oldest.at >= (await readHorizon(nats, cut)))))
      return found.map(({ value }) => value);
  }
}

/** The time from which every stream's stretch is complete. */
async function readHorizon(nats: Nats, cut: { stream: StreamName; from: number }[]): Promise<Date> {
  const times = await Promise.all(
    cut.map(async ({ stream, from }) => (await fetchMessage(nats, stream, { seq: from, next_by_subj: '>' }))?.time),
  );
  return new Date(Math.max(...times.map((time) => time?.getTime() ?? 0)));
}
