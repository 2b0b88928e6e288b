import { z } from 'zod';
import type { Cluster } from './cluster.ts';

const pod = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

/** Counts an app's ready pods at every event, until stopped; answers the fewest there were since it first had any. */
export function countReady(cluster: Cluster, app: string): { stop(): number } {
  const ready = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  let most = 0;
  const selector = encodeURIComponent(`app.kubernetes.io/name=${app}`);
  const watching = cluster.watch(`/api/v1/namespaces/leadline/pods?watch=1&labelSelector=${selector}`, (event) => {
    if (event.type === 'BOOKMARK') return;
    const { metadata, status } = pod.parse(event.object);
    const isReady = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    if (event.type !== 'DELETED' && isReady && metadata.deletionTimestamp === undefined) ready.add(metadata.name);
    else ready.delete(metadata.name);
    most = Math.max(most, ready.size);
    // The first events tell of those that are there already, one by one.
    if (most >= 2) fewest = Math.min(fewest, ready.size);
  });
  return {
    stop() {
      watching.stop();
      return fewest;
    },
  };
}
