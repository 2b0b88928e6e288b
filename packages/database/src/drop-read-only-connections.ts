import type { Pool, PoolClient } from 'pg';

/**
 * Removes connections from a pool once their server has refused a write as read-only. A demoted primary keeps its
 * connections, so a pool that keeps them too would never reach the promoted server.
 */
export function dropReadOnlyConnections(pool: Pool): void {
  const refused = new WeakSet<PoolClient>();
  pool.on('connect', (client) => {
    client.connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === '25006') refused.add(client);
    });
  });
  // Don't keep a closing connection: its transaction has been rolled back by now.
  pool.on('release', (_error, client) => {
    if (refused.has(client)) void client.end();
  });
}
