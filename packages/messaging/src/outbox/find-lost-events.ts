import { publishes } from '@leadline/contracts/publishers';
import type { PublishingService } from '@leadline/contracts/services';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { outboxTable } from './outbox.ts';
import { readOwnEvent } from '../consume/own-event.ts';
import { readBack } from '../streams/read-back.ts';
import { fetchMessage } from '../streams/stored-message.ts';
import { duplicateWindowMs, streamOf, streams, type StreamName } from '../topology/topology.ts';

/** The part of a pg client that this needs. */
type Queryable = { query(text: string, values: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }> };

const publishedRow = z.object({
  id: z.string(),
  stream_subject: z.string(),
  published_at: z.date(),
  swallowed: z.boolean(),
});

/** Subtracted from the duplicate window: a repeat before then is certainly dropped. */
const marginMs = 10 * 60_000;

/**
 * What a power loss of NATS may have taken, to be published again: every row published within two minutes of the last
 * one. Within the duplicate window the stream itself swallows what is still there. After a longer rest it would store it
 * a second time, so then the stream is looked through, and only what is missing goes out again.
 */
export async function findLostEvents(nats: Nats, database: Queryable, service: PublishingService): Promise<string[]> {
  const table = outboxTable(service);
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

const atOnce = 5_000;

/**
 * What was published to a stream before its first message is gone with the stream's disk, and whoever had not read it yet
 * never will: those rows are marked to be published once more, by statements of their own. A stream from which the first
 * messages were taken, for their time was over or to make room, has lost nothing.
 * @returns how many rows of each such stream
 */
export async function unmarkLostStreams(
  nats: Nats,
  database: Queryable,
  service: PublishingService,
): Promise<Partial<Record<StreamName, number>>> {
  const table = outboxTable(service);
  const lost: Partial<Record<StreamName, number>> = {};
  for (const stream of new Set(publishes[service].map(streamOf))) {
    const first = await fetchMessage(nats, stream, { seq: 1, next_by_subj: '>' });
    const isYoung = first?.seq === 1 && first.time.getTime() > Date.now() - (duplicateWindowMs - marginMs);
    if (first !== undefined && !isYoung) continue;
    const subjects = publishes[service].filter((subject) => streamOf(subject) === stream);
    const earlier = `subject = any($1::text[]) and published_at < coalesce($2, 'infinity'::timestamptz)
                 and published_at > clock_timestamp() - make_interval(secs => $3) and id <> all($4::uuid[])`;
    const of = (kept: string[]): unknown[] => [subjects, first?.time ?? null, streams[stream].maxAgeMs / 1_000, kept];
    const { rows } = await database.query(`select where exists (select from ${table} where ${earlier})`, of([]));
    if (rows.length === 0) continue;
    // Two clocks differ: a row that seems older than the stream may be in it.
    const stayAwake = (): Promise<unknown> => database.query('select 1', []);
    const there = first === undefined ? [] : await readBack(nats, { stream, subjects, since: first.time }, stayAwake);
    const kept = there.flatMap((message) => readOwnEvent(message)?.id ?? []);
    for (;;) {
      const { rowCount } = await database.query(
        `update ${table} set published_at = null
          where id in (select id from ${table} where ${earlier} order by seq limit ${atOnce})`,
        of(kept),
      );
      if (rowCount === null || rowCount === 0) break;
      lost[stream] = (lost[stream] ?? 0) + rowCount;
    }
  }
  return lost;
}
