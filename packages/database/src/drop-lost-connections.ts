import type { Pool, PoolClient } from 'pg';

/**
 * Takes connections out of a pool whose server is gone while they are in use. A transaction is rolled back on its own
 * connection; where that is dead the rollback fails, and Kysely then never gives the connection back
 * (`ControlledTransaction.rollback`): a pool that has lost as many of them as it may hold would serve nobody any more.
 * One that is silent for `silentMs`, longer than any statement may run, has lost a server that went away without a word.
 */
export function dropLostConnections(pool: Pool, silentMs: number): void {
  const timers = new Map<PoolClient, NodeJS.Timeout>();
  const watch = (client: PoolClient, bytesRead: number): void => {
    const look = (): void => {
      const now = readSoFar(client);
      if (now === bytesRead) client.connection.stream.destroy();
      else watch(client, now);
    };
    timers.set(client, setTimeout(look, silentMs).unref());
  };
  const forget = (client: PoolClient): boolean => {
    clearTimeout(timers.get(client));
    return timers.delete(client);
  };
  pool.on('acquire', (client) => watch(client, readSoFar(client)));
  pool.on('release', (_error, client) => forget(client));
  pool.on('connect', (client) => {
    client.once('end', () => {
      if (!timers.has(client)) return;
      client.release(true);
      // Whoever still holds it may give it back too.
      client.release = () => undefined;
    });
  });
}

function readSoFar({ connection: { stream } }: PoolClient): number {
  // A plain socket or one with TLS.
  return 'bytesRead' in stream && typeof stream.bytesRead === 'number' ? stream.bytesRead : 0;
}
