import type { Pool, PoolClient } from 'pg';

/**
 * Ends busy connections that are silent for `silentMs`, which is longer than any statement may run. Their server has
 * vanished without a word, and now the waiting callers get an error.
 */
export function dropSilentConnections(pool: Pool, silentMs: number): void {
  const timers = new Map<PoolClient, NodeJS.Timeout>();
  const watch = (client: PoolClient, bytesRead: number): void => {
    const look = (): void => {
      const now = readSoFar(client);
      if (now === bytesRead) client.connection.stream.destroy();
      else watch(client, now);
    };
    timers.set(client, setTimeout(look, silentMs).unref());
  };
  pool.on('acquire', (client) => watch(client, readSoFar(client)));
  pool.on('release', (_error, client) => clearTimeout(timers.get(client)));
  pool.on('remove', (client) => timers.delete(client));
}

function readSoFar({ connection: { stream } }: PoolClient): number {
  // A plain socket or one with TLS.
  return 'bytesRead' in stream && typeof stream.bytesRead === 'number' ? stream.bytesRead : 0;
}
