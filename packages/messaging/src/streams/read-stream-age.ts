import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import type { StreamName } from '../topology/topology.ts';

/** Fields of newer servers that the client's types lack. */
const told = z.object({ created: z.coerce.date(), ts: z.coerce.date().optional() });

/**
 * A stream's age in ms, by the NATS server's clock; undefined if the server is too old to report its time. Throws when
 * JetStream does not answer, or there is no such stream.
 */
export async function readStreamAgeMs(nats: Nats, stream: StreamName): Promise<number | undefined> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const { created, ts } = told.parse(await manager.streams.info(stream));
  return ts === undefined ? undefined : Math.max(0, ts.getTime() - created.getTime());
}
