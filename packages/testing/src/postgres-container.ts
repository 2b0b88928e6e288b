import { PostgreSqlContainer } from '@testcontainers/postgresql';

/** A Postgres in a container, with room for the connections of all tests that run side by side. */
export async function startPostgresContainer(): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const container = await new PostgreSqlContainer('postgres:18')
    .withCommand(['postgres', '-c', 'max_connections=300'])
    .start();
  return { url: container.getConnectionUri(), stop: () => container.stop() };
}
