import type { ConsumingService } from '@leadline/contracts/services';
import type { JsMsg, StoredMsg } from 'nats';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import type { Consuming } from './consume.ts';
import { alreadyStored, storeDeadLetter } from '../dead-letters/dead-letters.ts';
import { retryDelayMs } from './decide-settlement.ts';
import { toGivenUp } from './delivery.ts';
import type { Log } from '../connection/log.ts';
import type { MessagingMetrics } from './messaging-metrics.ts';
import { pull, type Consumer, type Hands } from './pull.ts';
import { fetchMessage } from '../streams/stored-message.ts';

const advisory = z.object({
  type: z.enum(['io.nats.jetstream.advisory.v1.max_deliver', 'io.nats.jetstream.advisory.v1.terminated']),
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.int(),
  deliveries: z.int(),
  timestamp: z.coerce.date(),
  reason: z.string().optional(),
});

/** After JetStream's own limit, we try a message that ends its process this many times more. */
const maxDeaths = 50;
const longestHoldMs = 30_000;

/**
 * The second net, for messages that the first one misses: JetStream reports which messages of this service's durables
 * it gave up. It only counts deliveries, for which nobody may be to blame. So this fetches the original and handles it
 * again, for as long as it takes; it becomes a dead letter only if the handler says so. A message that somebody else
 * terminated becomes one at once.
 */
export function startAdvisoryNet(options: {
  nats: Nats;
  service: ConsumingService;
  /** The service's own consumers of events. */
  consuming: readonly Consuming[];
  metrics?: MessagingMetrics;
  log: Log;
  expiresMs?: number;
}): Consumer {
  return pull({
    ...options,
    durable: `advisories-${options.service}`,
    concurrency: 8,
    handle: async (message, hands) => {
      try {
        if (await settleGivenUp(message, hands, options)) {
          message.ack();
          return;
        }
      } catch (error) {
        options.log.warn({ err: error, seq: message.seq }, 'an advisory could not be followed; it comes again');
      }
      if (!options.nats.connection.isClosed()) message.nak(retryDelayMs(message.info.deliveryCount, Math.random()));
    },
  });
}

type Net = Pick<Parameters<typeof startAdvisoryNet>[0], 'nats' | 'consuming' | 'metrics' | 'log'>;

/** @returns whether nothing is left to do */
async function settleGivenUp(message: JsMsg, hands: Hands, net: Net): Promise<boolean> {
  const { nats, log, metrics } = net;
  const parsed = advisory.safeParse(JSON.parse(message.string()));
  if (!parsed.success) {
    log.error({ subject: message.subject }, 'an advisory could not be read');
    return true;
  }
  const { type, stream, consumer: durable, stream_seq: seq, deliveries, timestamp, reason } = parsed.data;
  if (reason === alreadyStored) return true;
  const original = await fetchMessage(nats, stream, { seq });
  // A recreated stream may hold another message in its place.
  if (original === undefined || original.time > timestamp) {
    log.error({ stream, durable, seq }, 'a message was given up, and its original is not there any more');
    return true;
  }
  let because = 'terminated';
  if (type.endsWith('max_deliver')) {
    const outcome = await handleAgain(message, { original, stream, durable, deliveries }, hands, net);
    if (outcome === 'stopping') return false;
    if (outcome === 'handled') {
      metrics?.settled.inc({ durable, outcome: 'ack' });
      log.warn({ stream, durable, seq, deliveries }, 'a message that JetStream gave up is handled after all');
      return true;
    }
    because = outcome.because;
  }
  const stored = await storeDeadLetter(nats, {
    durable,
    stream,
    deliveries,
    because,
    original: {
      subject: original.subject,
      seq,
      data: original.data,
      storedAt: original.time,
      headers: original.header,
    },
  });
  if (stored.kind !== 'stored') return false;
  if (stored.duplicate) return true;
  metrics?.settled.inc({ durable, outcome: 'dead_letter' });
  log.error({ stream, durable, seq, because }, 'a message given up is a dead letter now');
  return true;
}

async function handleAgain(
  message: JsMsg,
  given: { original: StoredMsg; stream: string; durable: string; deliveries: number },
  hands: Hands,
  net: Net,
): Promise<'handled' | 'stopping' | { because: string }> {
  const consuming = net.consuming.find(({ durable }) => durable === given.durable);
  if (consuming === undefined || message.info.deliveryCount > maxDeaths) return { because: 'deliveries_used_up' };
  const delivery = toGivenUp(given.original, {
    stream: given.stream,
    deliveries: given.deliveries,
    working: () => message.working(),
  });
  for (;;) {
    const decision = await consuming.again(delivery, hands);
    switch (decision?.kind) {
      case undefined:
        return 'stopping';
      case 'ack':
        return 'handled';
      case 'dead_letter':
        return { because: decision.because };
      case 'retry':
        if (!(await hands.hold(delivery, Math.min(decision.delayMs, longestHoldMs)))) return 'stopping';
    }
  }
}
