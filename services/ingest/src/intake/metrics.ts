import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { openRegistry } from '@leadline/service-kit/open-registry';
import { Counter, Gauge, Histogram } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Ingest's own metrics.
 * @param sources who may POST leads, from the settings, so that labels stay a closed list
 * @param polled vendors that ingest asks for leads
 */
export function createMetrics(sources: Iterable<string>, polled: Iterable<string>) {
  const registry = openRegistry('ingest');
  const registers = [registry];
  const metrics = {
    registry,
    messaging: createMessagingMetrics(registry, 'ingest'),
    deliveries: new Counter({
      name: 'leadline_deliveries_total',
      help: 'Deliveries by source and outcome: accepted, joined, repeated, rejected, unavailable',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    overQuota: new Counter({
      name: 'leadline_over_quota_total',
      help: 'Deliveries beyond the quota of their connection, by source; taken all the same where the sender would not come again',
      labelNames: ['source'],
      registers,
    }),
    polls: new Counter({
      name: 'leadline_polls_total',
      help: 'Questions to vendors that are asked, by source and outcome: read, limited, refused, unreadable, failed',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    unreadSeconds: new Gauge({
      name: 'leadline_poll_unread_seconds',
      help: 'How long ago a vendor that is asked was last read, by source: of the connection that waits longest; 0 without one',
      labelNames: ['source'],
      registers,
    }),
    awaitedSeconds: new Gauge({
      name: 'leadline_awaited_unread_seconds',
      help: 'How long a lead that its vendor only named has waited to be read, by source: the one that waits longest of those asked for in vain; 0 without one',
      labelNames: ['source'],
      registers,
    }),
    acceptSeconds: new Histogram({
      name: 'leadline_accept_duration_seconds',
      help: 'From a delivery read to its commit',
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
  // Start at zero: Prometheus sees no increase in a counter that begins with its first event.
  for (const source of sources)
    for (const outcome of ['accepted', 'repeated', 'rejected', 'unavailable'])
      metrics.deliveries.inc({ source, outcome }, 0);
  metrics.awaitedSeconds.set({ source: 'meta' }, 0);
  for (const source of polled) {
    for (const outcome of ['read', 'limited', 'refused', 'unreadable', 'failed'])
      metrics.polls.inc({ source, outcome }, 0);
    metrics.unreadSeconds.set({ source }, 0);
  }
  return metrics;
}
