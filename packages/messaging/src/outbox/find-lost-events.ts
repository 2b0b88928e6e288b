import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { outboxTables } from './outbox.ts';
import { readBack } from '../streams/read-back.ts';
import { duplicateWindowMs, publishes, streamOf, type ServiceUser } from '../topology/topology.ts';

/** As much of a pg client as is needed here. */
type Queryable = { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };

const publishedRow = z.object({
  id: z.string(),
  stream_subject: z.string(),
  published_at: z.date(),
  swallowed: z.boolean(),
});

/** Taken off the duplicate window: a repeat this late is still surely swallowed. */
const marginMs = 10 * 60_000;

/**
 * What a power loss of NATS may have taken, to be published again: every row published within two minutes of the last
 * one. Within the duplicate window the stream itself swallows what is still there. After a longer rest it would store it
 * a second time, so then the stream is looked through, and only what is missing goes out again.
 */
export async function findLostEvents(nats: Nats, database: Queryable, service: ServiceUser): Promise<string[]> {
  const table = outboxTables[service];
  const { rows } = await database.query(
    `select id, subject as stream_subject, published_at,
            published_at > clock_timestamp() - make_interval(secs => $1) as swallowed
       from ${table}
      where published_at > (select max(published_at) from ${table}) - interval '2 minutes'`,
    [(duplicateWindowMs - marginMs) / 1_000],
  );
  const published = z.array(publishedRow).parse(rows);
  const old = published.filter(({ swallowed }) => !swallowed);
  const oldest = Math.min(...old.map((row) => row.published_at.getTime()));
  const kept = new Set<string>();
  const stayAwake = (): Promise<unknown> => database.query('select 1', []);
  for (const stream of new Set(old.map((row) => streamOf(row.stream_subject)))) {
    const own = publishes[service].filter((subject) => streamOf(subject) === stream);
    const since = new Date(oldest - 2 * 60_000);
    for (const message of await readBack(nats, { stream, subjects: own, since }, stayAwake))
      kept.add(message.header.get('Nats-Msg-Id'));
  }
  return published.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
}
