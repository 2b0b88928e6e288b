import type { ServiceName } from '@leadline/contracts/services';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { durables, type DurableName } from '../topology/topology.ts';

export type MessagingMetrics = ReturnType<typeof createMessagingMetrics>;

/** The result of a delivery. `dead_letter` counts both nets, each message once. */
export type Settlement = 'ack' | 'retry' | 'dead_letter';

/** A service's durables for events, without the one for JetStream's advisories. */
export function eventDurablesOf(service: ServiceName): DurableName[] {
  const names = Object.keys(durables).filter((name): name is DurableName => name in durables);
  return names.filter((name) => durables[name].service === service && durables[name].stream !== 'ADVISORIES');
}

/** The metrics of a service's outbox and durables. Durables come from the topology, so labels stay a closed list. */
export function createMessagingMetrics(registry: Registry, service: ServiceName) {
  const registers = [registry];
  const metrics = {
    outboxAge: new Gauge({
      name: 'leadline_outbox_oldest_seconds',
      help: 'Age of the oldest event that is not published',
      registers,
    }),
    outboxFailed: new Gauge({
      name: 'leadline_outbox_failed',
      help: 'Events that can never be published',
      registers,
    }),
    pending: new Gauge({
      name: 'leadline_consumer_pending',
      help: 'Messages that the durable has not delivered yet; absent while NATS can not be asked',
      labelNames: ['durable'],
      registers,
    }),
    ackPending: new Gauge({
      name: 'leadline_consumer_ack_pending',
      help: 'Messages delivered and not settled; absent while NATS can not be asked',
      labelNames: ['durable'],
      registers,
    }),
    paused: new Gauge({
      name: 'leadline_consumer_paused',
      help: '1 while somebody has halted the durable; absent while NATS can not be asked',
      labelNames: ['durable'],
      registers,
    }),
    settled: new Counter({
      name: 'leadline_messages_settled_total',
      help: 'Deliveries by what became of them: ack, retry, dead_letter',
      labelNames: ['durable', 'outcome'],
      registers,
    }),
    foreign: new Counter({
      name: 'leadline_foreign_messages_total',
      help: 'Messages in subjects of lead.> and call.> that are no events of the service that owns them, nor redriven',
      labelNames: ['durable'],
      registers,
    }),
    handleSeconds: new Histogram({
      name: 'leadline_message_handle_seconds',
      help: 'Handling of one delivery',
      labelNames: ['durable'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    }),
  };
  // Start at zero: Prometheus sees no increase in a counter that begins with its first event.
  const outcomes: Settlement[] = ['ack', 'retry', 'dead_letter'];
  for (const durable of eventDurablesOf(service)) {
    for (const outcome of outcomes) metrics.settled.inc({ durable, outcome }, 0);
    if (durables[durable].stream !== 'AGENT') metrics.foreign.inc({ durable }, 0);
  }
  return metrics;
}
