import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import type { StreamName } from '../topology/topology.ts';

/** What newer servers say beside what the client's types know. */
const told = z.object({ created: z.coerce.date(), ts: z.coerce.date().optional() });

/**
 * How long ago a stream was made, in ms, by the NATS server's clock on both sides; undefined where it is too old a server
 * to say what time it is. Throws when JetStream does not answer, or there is no such stream.
 */
export async function readStreamAgeMs(nats: Nats, stream: StreamName): Promise<number | undefined> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const { created, ts } = told.parse(await manager.streams.info(stream));
  return ts === undefined ? undefined : Math.max(0, ts.getTime() - created.getTime());
}
