import { failureReasons } from '@leadline/contracts/failure-reason';
import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { openRegistry } from '@leadline/service-kit/open-registry';
import { Counter, Gauge, Histogram } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** The dispatcher's own numbers; labels hold closed lists only. */
export function createMetrics() {
  const registry = openRegistry('dispatcher');
  const registers = [registry];
  const metrics = {
    registry,
    messaging: createMessagingMetrics(registry, 'dispatcher'),
    dials: new Counter({
      name: 'leadline_dials_total',
      help: 'Attempts by what became of them: answered, a failure reason, unknown, or why they were put back',
      labelNames: ['result'],
      registers,
    }),
    claimFaults: new Counter({
      name: 'leadline_claim_faults_total',
      help: 'Leads whose claim threw; each is set aside for an hour',
      registers,
    }),
    callsActive: new Gauge({ name: 'leadline_calls_active', help: 'Slots of the trunk in use', registers }),
    callsCap: new Gauge({ name: 'leadline_calls_cap', help: 'Slots of the trunk that may be used', registers }),
    windowOpen: new Gauge({ name: 'leadline_call_window_open', help: '1 while people may be rung', registers }),
    stopped: new Gauge({ name: 'leadline_dialling_stopped', help: '1 while the stop switch is on', registers }),
    breakerOpen: new Gauge({ name: 'leadline_breaker_open', help: '1 while the breaker holds dials back', registers }),
    leadsDue: new Gauge({ name: 'leadline_leads_due', help: 'New leads whose time has come', registers }),
    leadsOverdue: new Gauge({
      name: 'leadline_leads_overdue_seconds',
      help: 'How long the oldest due lead has waited, but for those whose number is in use',
      registers,
    }),
    callbacksWaiting: new Gauge({
      name: 'leadline_callbacks_waiting',
      help: 'Promised times that wait to be kept by a dial',
      registers,
    }),
    callbacksOverdue: new Gauge({
      name: 'leadline_callbacks_overdue',
      help: 'Promised times that nobody was rung for while people might be, for longer than the tolerance',
      registers,
    }),
    callbacksClosed: new Gauge({
      name: 'leadline_callbacks_closed_last_hour',
      help: 'Promised times that were over in the last hour, by what became of them',
      labelNames: ['state'],
      registers,
    }),
    speedToLead: new Histogram({
      name: 'leadline_speed_to_lead_seconds',
      help: 'From the lead written down to the permit of its first attempt, by whether the window was open then',
      labelNames: ['received'],
      buckets: [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600],
      registers,
    }),
  };
  // Start each counter at 0: Prometheus sees no increase in a counter that first appears with its first event.
  for (const result of ['answered', 'unknown', 'not_dialled', ...failureReasons.options])
    metrics.dials.inc({ result }, 0);
  return metrics;
}
