import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { openRegistry } from '@leadline/service-kit/open-registry';
import { Counter, Gauge, Histogram } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** The pusher's own metrics; labels hold closed lists only. */
export function createMetrics() {
  const registry = openRegistry('crm-pusher');
  const registers = [registry];
  const metrics = {
    registry,
    messaging: createMessagingMetrics(registry, 'crm-pusher'),
    pushes: new Counter({
      name: 'leadline_crm_pushes_total',
      help: 'Steps of pushes by what became of them',
      labelNames: ['result'],
      registers,
    }),
    requests: new Counter({
      name: 'leadline_crm_requests_total',
      help: 'Requests to the CRM by its answer: ok, refused, conflict, later, unclear',
      labelNames: ['operation', 'answer'],
      registers,
    }),
    seconds: new Histogram({
      name: 'leadline_crm_request_seconds',
      help: 'Requests to the CRM',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
      registers,
    }),
    breakerOpen: new Gauge({ name: 'leadline_crm_breaker_open', help: '1 while the CRM is left alone', registers }),
    waiting: new Gauge({ name: 'leadline_crm_calls_waiting', help: 'Qualified calls without a task', registers }),
    oldestWaiting: new Gauge({
      name: 'leadline_crm_oldest_waiting_seconds',
      help: 'How long the oldest qualified call has waited for its task, but for those the CRM refused for good',
      registers,
    }),
    failed: new Gauge({ name: 'leadline_crm_pushes_failed', help: 'Pushes the CRM refused for good', registers }),
  };
  // Start at zero: Prometheus sees no increase in a counter that begins with its first event.
  for (const result of ['pushed', 'later', 'unclear', 'refused']) metrics.pushes.inc({ result }, 0);
  for (const operation of ['find_customer', 'create_customer', 'find_task', 'create_task'])
    for (const answer of ['ok', 'refused', 'conflict', 'later', 'unclear'])
      metrics.requests.inc({ operation, answer }, 0);
  return metrics;
}
