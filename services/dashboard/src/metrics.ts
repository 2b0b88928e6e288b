import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { openRegistry } from '@leadline/service-kit/open-registry';
import { Counter, Gauge } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** The dashboard's own metrics; labels hold closed lists only. */
export function createMetrics() {
  const registry = openRegistry('dashboard');
  const registers = [registry];
  const metrics = {
    registry,
    messaging: createMessagingMetrics(registry, 'dashboard'),
    callsKept: new Counter({
      name: 'leadline_dashboard_calls_kept_total',
      help: 'Changes of calls taken into the read model',
      registers,
    }),
    eventsKept: new Counter({
      name: 'leadline_dashboard_events_kept_total',
      help: 'Events taken into the read model',
      registers,
    }),
    logins: new Counter({
      name: 'leadline_dashboard_logins_total',
      help: 'Logins by what became of them',
      labelNames: ['result'],
      registers,
    }),
    changesWaiting: new Gauge({
      name: 'leadline_dashboard_changes_waiting',
      help: 'Changes of calls not yet in the read model',
      registers,
    }),
    building: new Gauge({
      name: 'leadline_dashboard_building',
      help: '1 while a new read model grows beside the serving one',
      registers,
    }),
  };
  // Start at zero: Prometheus sees no increase in a counter that begins with its first event.
  for (const result of ['in', 'wrong', 'too_many']) metrics.logins.inc({ result }, 0);
  return metrics;
}
