import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { currentTraceparent, inSpan } from '@leadline/tracing/span';
import { storeMessage, type Stored } from '../streams/stored-message.ts';
import { streamOf, type StreamName } from '../topology/topology.ts';

/** An outbox row as the relay reads it; the payload is JSON, as it is sent. */
export const relayRow = z.object({
  seq: z.coerce.number(),
  id: z.string(),
  aggregate: z.string(),
  subject: z.string(),
  headers: z.record(z.string(), z.string()),
  payload: z.string(),
});
export type RelayRow = z.infer<typeof relayRow>;

export type PublishedRows = {
  /** By `seq`. */
  published: number[];
  /** The first row of each aggregate that failed; the rows behind it were not tried. */
  again: { id: string; aggregate: string; because: string }[];
  never: { id: string; because: string }[];
  /** The lowest and the highest place that the rows got in each stream. */
  places: Map<StreamName, { from: number; to: number }>;
};

/**
 * Publishes rows: aggregates side by side, and each aggregate's rows in order until the first failure. A row that can
 * never be stored stops nobody.
 */
export async function publishRows(
  nats: Nats,
  rows: readonly RelayRow[],
  mayPublish: () => boolean,
): Promise<PublishedRows> {
  const result: PublishedRows = { published: [], again: [], never: [], places: new Map() };
  const publishInOrder = async (ordered: readonly RelayRow[]): Promise<void> => {
    for (const row of ordered) {
      if (!mayPublish()) return;
      const { seq, id, aggregate } = row;
      const stored = await publishRow(nats, row);
      if (stored.kind === 'stored') {
        result.published.push(seq);
        if (!stored.duplicate) notePlace(result.places, streamOf(row.subject), stored.seq);
      } else if (stored.kind === 'never') result.never.push({ id, because: stored.because });
      else {
        result.again.push({ id, aggregate, because: stored.because });
        return;
      }
    }
  };
  await Promise.all([...Map.groupBy(rows, ({ aggregate }) => aggregate).values()].map(publishInOrder));
  return result;
}

function notePlace(places: PublishedRows['places'], stream: StreamName, seq: number): void {
  const { from, to } = places.get(stream) ?? { from: seq, to: seq };
  places.set(stream, { from: Math.min(from, seq), to: Math.max(to, seq) });
}

/** Publishes inside the trace in which the row was written, if there is one; consumers continue from this span. */
function publishRow(nats: Nats, row: RelayRow): Promise<Stored> {
  const { id, subject, headers } = row;
  const message = { subject, stream: streamOf(subject), messageId: id, payload: row.payload };
  const { traceparent } = headers;
  if (traceparent === undefined) return storeMessage(nats, { ...message, headers });
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': subject,
    'messaging.message.id': id,
  };
  return inSpan(`send ${subject}`, { kind: 'producer', traceparent, attributes }, () =>
    storeMessage(nats, { ...message, headers: { ...headers, traceparent: currentTraceparent() ?? traceparent } }),
  );
}
