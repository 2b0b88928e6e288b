import type { Pool, PoolClient } from 'pg';

/**
 * Takes connections out of a pool once their server has refused a write because it is read-only. A primary that was
 * demoted keeps its connections, and whoever keeps them too never meets the one that was promoted.
 */
export function dropReadOnlyConnections(pool: Pool): void {
  const refused = new WeakSet<PoolClient>();
  pool.on('connect', (client) => {
    client.connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === '25006') refused.add(client);
    });
  });
  // An ending connection is not kept: its transaction has been rolled back by now.
  pool.on('release', (_error, client) => {
    if (refused.has(client)) void client.end();
  });
}
