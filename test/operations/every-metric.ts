import { startAdminServer } from '@leadline/service-kit/admin-server';
import { Histogram, type Registry } from 'prom-client';
import { createMetrics as ofCallTracker } from '../../services/call-tracker/src/metrics.ts';
import { createMetrics as ofCrmPusher } from '../../services/crm-pusher/src/metrics.ts';
import { createMetrics as ofDashboard } from '../../services/dashboard/src/metrics.ts';
import { createMetrics as ofDispatcher } from '../../services/dispatcher/src/metrics.ts';
import { createMetrics as ofIngest } from '../../services/ingest/src/intake/metrics.ts';

/** Every metric that some service tells, by name with its labels. */
export async function everyMetric(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { registry } of [
    ofIngest(['website'], ['indiamart']),
    ofDispatcher(),
    ofCallTracker(),
    ofCrmPusher(),
    ofDashboard(),
  ]) {
    for (const [name, labels] of await told(registry)) found.set(name, labels);
  }
  return found;
}

/** As a service tells them: with what its admin server adds. */
async function told(registry: Registry): Promise<[name: string, labels: string[]][]> {
  const admin = await startAdminServer({ host: '127.0.0.1', port: 0, metrics: registry, ready: async () => ({}) });
  await admin.stop();
  return registry.getMetricsAsArray().map((metric) => {
    const own = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];
    return [metric.name, ['service', ...own, ...(metric instanceof Histogram ? ['le'] : [])]];
  });
}

/** What a PromQL expression names and selects by that no service tells. */
export function untoldIn(expr: string, known: Map<string, string[]>): string[] {
  const metrics = [...expr.matchAll(/\b((?:leadline|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)];
  return metrics.flatMap(([, series = '', selector = '']) => {
    const labels = known.get(series.replace(/_(bucket|count|sum)$/, ''));
    if (labels === undefined) return [series];
    const selected = [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
    return selected.filter((label) => !labels.includes(label)).map((label) => `${series}{${label}}`);
  });
}
