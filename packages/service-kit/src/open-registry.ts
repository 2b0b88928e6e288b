import { collectDefaultMetrics, Registry } from 'prom-client';

/** A delay is measured by a timer that runs so often, busy or not: prom-client's 10 ms were half of what a resting service did. */
const eventLoopMonitoringPrecision = 50;

/**
 * A service's metrics: its own, with a `service` label, and those of the process (memory, event loop, garbage
 * collection).
 */
export function openRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision });
  return registry;
}
