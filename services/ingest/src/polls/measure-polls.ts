import type { Database } from '@leadline/database/open-database';
import { rows } from '@leadline/database/sql';
import { z } from 'zod';
import type { Metrics } from '../intake/metrics.ts';
import { pullAdapters } from '../sources/pull-registry.ts';

/** Sets the gauges of polls and named leads from the rows, so every replica reports the same. */
export async function measurePolls(postgres: Database, metrics: Metrics): Promise<void> {
  const sources = pullAdapters.map(({ adapter }) => adapter.source);
  const ages = await rows(
    postgres.sql,
    z.object({ source: z.string(), seconds: z.number() }),
    `select c.source, max(extract(epoch from clock_timestamp() - coalesce(p.succeeded_at, c.created_at)))::float8 as seconds
       from source_connections c left join source_polls p on p.connection_id = c.id
      where c.enabled and c.secret is not null and c.source = any($1) group by c.source`,
    [sources],
  );
  const unread = new Map(ages.map(({ source, seconds }) => [source, seconds]));
  for (const source of sources) metrics.unreadSeconds.set({ source }, unread.get(source) ?? 0);
  const awaited = await rows(
    postgres.sql,
    z.object({ source: z.string(), seconds: z.number() }),
    `select a.source, max(extract(epoch from clock_timestamp() - a.received_at))::float8 as seconds
       from awaited_leads a join source_connections c on c.id = a.connection_id
      where a.done_at is null and a.given_up_at is null and a.last_error is not null and c.enabled group by a.source`,
    [],
  );
  metrics.awaitedSeconds.reset();
  metrics.awaitedSeconds.set({ source: 'meta' }, 0);
  for (const { source, seconds } of awaited) metrics.awaitedSeconds.set({ source }, seconds);
}
