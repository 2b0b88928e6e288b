import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from 'nats';
import type { Nats } from '../connection/connect.ts';
import { duplicateWindowMs, durables, maxOfEach, streams, type DurableDefinition } from './topology.ts';

/**
 * JetStream counts every delivery, whatever caused it. Consumers hold a message while something else is wrong, so only
 * a message that ends its process again and again reaches this limit; then the advisory net handles it. Advisories
 * themselves have no limit.
 */
export function maxDeliver(durable: DurableDefinition): number {
  return durable.stream === 'ADVISORIES' ? -1 : 1_000;
}

/**
 * Creates every stream and durable, or brings it up to date. Safe to repeat and to run twice at once; deletes nothing.
 */
export async function provision(nats: Nats, replicas = 1): Promise<void> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  for (const [name, stream] of Object.entries(streams)) {
    const config = {
      subjects: [...stream.subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: stream.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
      max_age: nanos(stream.maxAgeMs),
      max_bytes: stream.maxBytes,
      max_msgs_per_subject: maxOfEach(stream),
      max_msg_size: stream.maxMessageBytes,
      duplicate_window: nanos(duplicateWindowMs),
      num_replicas: replicas,
    };
    if (await exists(() => manager.streams.info(name))) await manager.streams.update(name, config);
    else await manager.streams.add({ name, ...config });
  }
  for (const [name, durable] of Object.entries(durables)) await provisionDurable(manager, name, durable);
}

async function provisionDurable(
  manager: JetStreamManager,
  name: string,
  durable: (typeof durables)[keyof typeof durables],
): Promise<void> {
  const changeable = {
    filter_subjects: [...durable.filters],
    // The nats command line and NACK write a single filter here; the server refuses both fields together.
    filter_subject: '',
    // It would replace ack_wait, and stretch the delays that we ask for.
    backoff: [],
    // An expired durable forgets how far it has read.
    inactive_threshold: 0,
    ack_wait: nanos(durable.ackWaitMs),
    max_ack_pending: durable.maxAckPending,
    max_deliver: maxDeliver(durable),
  };
  if (await exists(() => manager.consumers.info(durable.stream, name))) {
    await manager.consumers.update(durable.stream, name, changeable);
    return;
  }
  await manager.consumers.add(durable.stream, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ...changeable,
  });
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return false;
    throw error;
  }
}
