import type { EventContract, PayloadOf } from '@leadline/contracts/event';
import type { z } from 'zod';
import type { Answering } from './ask.ts';
import type { Nats } from './connect.ts';

/**
 * Receives an event by plain subscription, in every replica and without any guarantee: use it to wake up, never as the
 * truth.
 */
export function listenTo<Schema extends z.ZodType>(
  nats: Nats,
  contract: EventContract<Schema>,
  heard: (data: PayloadOf<EventContract<Schema>>) => void,
): Answering {
  const subscription = nats.connection.subscribe(contract.type, {
    callback: (error, message) => {
      if (error !== null) return;
      try {
        const parsed = contract.schema.safeParse(message.json());
        if (parsed.success) heard(parsed.data);
      } catch {
        // Not JSON: the durable consumer makes it a dead letter.
      }
    },
  });
  return { stop: async () => subscription.unsubscribe() };
}
