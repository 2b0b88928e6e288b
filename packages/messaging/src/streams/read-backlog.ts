import type { ConsumerInfo } from 'nats';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { fetchMessage } from './stored-message.ts';
import { durables, type EventDurable } from '../topology/topology.ts';

/**
 * A message that was delivered this long ago and is unsettled has a problem of its own; the ones after it are handled.
 */
const longestInHandMs = 60_000;

/** Fields of newer servers that the client's types lack. */
const told = z.object({ ts: z.string().optional(), paused: z.boolean().optional() });

/**
 * A durable's lag in ms: all messages stored before that are handled. 0 if nothing waits. Undefined while somebody has
 * paused it. The NATS server's clock counts on both sides.
 * @throws NatsError when JetStream does not answer, or there is no such durable
 */
export async function readBacklogMs(nats: Nats, durable: EventDurable): Promise<number | undefined> {
  const { stream } = durables[durable];
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const info = await manager.consumers.info(stream, durable);
  const { ts, paused } = told.parse(info);
  if (paused === true) return undefined;
  const now = ts === undefined ? undefined : new Date(ts).getTime();
  const ageOfNext = async (seq: number): Promise<number> => {
    const message = await fetchMessage(nats, stream, { seq: seq + 1, next_by_subj: filterOf(info) });
    return message === undefined || now === undefined ? 0 : Math.max(0, now - message.time.getTime());
  };
  const unread = info.num_pending === 0 ? 0 : await ageOfNext(info.delivered.stream_seq);
  const inHand = info.num_ack_pending === 0 ? 0 : await ageOfNext(info.ack_floor.stream_seq);
  return Math.max(unread, inHand > longestInHandMs ? 0 : inHand);
}

function filterOf({ config }: ConsumerInfo): string {
  return config.filter_subject ?? config.filter_subjects?.[0] ?? '>';
}
