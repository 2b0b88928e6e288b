import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * A service's metrics: its own, with a `service` label, and those of the process (memory, event loop, garbage
 * collection).
 */
export function openRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
