import { publishes } from '@leadline/contracts/publishers';
import type { PublishingService } from '@leadline/contracts/services';
import { fromHeaders, type Envelope } from '@leadline/contracts/envelope';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import type { StoredMsg } from 'nats';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import type { Handler } from '../consume/consume.ts';
import { findUnknownOf, type Queryable } from '../outbox/find-unknown-events.ts';
import { outboxTable } from '../outbox/outbox.ts';
import { readOwnEvent, type OwnEvent } from '../consume/own-event.ts';
import { readBack } from '../streams/read-back.ts';
import { streamOf, type StreamName } from '../topology/topology.ts';

/** Events that a service published and that its restored database does not know. */
export type SaidSince = {
  /** Everything that may be missing is newer than this. */
  since: Date;
  /** Oldest first. */
  events: SaidEvent[];
  /** Published, but still waiting to be published in the outbox. */
  unmarked: { id: string; at: Date }[];
};

export type SaidEvent = OwnEvent & {
  /** Those fields of the data that name a row or a room. */
  about: { leadId: number | null; callId: number | null; room: string | null };
};

/** A row is written before its event is stored, on another machine. */
const marginMs = 10 * 60_000;

/**
 * Finds a service's own events that the streams hold and its outbox lacks. It reads back to the newest row that was
 * published before the backup, or to an older unknown event; rows that the restored database enqueued since are not
 * published yet. It ignores redriven events, which the service did not publish itself, and foreign messages. Throws
 * when NATS does not answer.
 */
export async function readSaidSince(nats: Nats, sql: Sql, service: PublishingService): Promise<SaidSince> {
  const table = outboxTable(service);
  const newest = await row(
    sql,
    z.object({ at: instant.nullable() }),
    `select max(created_at) as at from ${table} where published_at is not null`,
    [],
  );
  const unknown = await findUnknownOf(nats, queryable(sql), service);
  const from = Math.min(newest?.at?.getTime() ?? 0, ...unknown.map(({ storedAt }) => storedAt.getTime()));
  const since = new Date(Math.max(0, from - marginMs));
  const events: SaidEvent[] = [];
  for (const stream of new Set(publishes[service].map(streamOf))) {
    const own = publishes[service].filter((type) => streamOf(type) === stream);
    for (const message of await readBack(nats, { stream, subjects: own, since })) {
      const event = readOwnEvent(message);
      if (event !== undefined) events.push({ ...event, about: about.parse(event.data) });
    }
  }
  const known = await rows(
    sql,
    z.object({ id: z.string(), published: z.boolean() }),
    `select id, published_at is not null as published from ${table} where id = any($1::uuid[])`,
    [events.map(({ id }) => id)],
  );
  const published = new Map(known.map((event) => [event.id, event.published]));
  return {
    since,
    events: events.filter(({ id }) => !published.has(id)).toSorted((a, b) => a.time.getTime() - b.time.getTime()),
    unmarked: events.filter(({ id }) => published.get(id) === false).map(({ id, storedAt }) => ({ id, at: storedAt })),
  };
}

const atOnce = 1_000;

/** The restored database, in the form that the comparison with the streams needs. */
export function queryable(sql: Sql): Queryable {
  return {
    query: async (text, values) => ({ rowCount: (await rows(sql, z.unknown(), text, values)).length }),
  };
}

/**
 * Stores the events in the outbox as published at their original time, so that it knows all that its service has
 * published.
 */
export async function keepSaid(sql: Sql, service: PublishingService, said: SaidSince): Promise<void> {
  const table = outboxTable(service);
  for (let first = 0; first < said.events.length; first += atOnce) {
    const records = said.events.slice(first, first + atOnce).map((event) => ({
      id: event.id,
      aggregate: event.subject,
      subject: event.type,
      headers: event.headers,
      payload: event.data,
      at: event.time,
      stored: event.storedAt,
    }));
    await affected(
      sql,
      `insert into ${table} (id, aggregate, subject, headers, payload, created_at, published_at)
       select r.id, r.aggregate, r.subject, r.headers, r.payload, r.at, r.stored
         from jsonb_to_recordset($1::jsonb) as r(id uuid, aggregate text, subject text, headers jsonb, payload jsonb,
                                                 at timestamptz, stored timestamptz)
           on conflict do nothing`,
      [JSON.stringify(records)],
    );
  }
  await affected(
    sql,
    `update ${table} as o set published_at = r.at
       from jsonb_to_recordset($1::jsonb) as r(id uuid, at timestamptz) where o.id = r.id and o.published_at is null`,
    [JSON.stringify(said.unmarked)],
  );
}

/**
 * Runs the handlers again for the messages since then, oldest first, because the restored rows do not show their
 * effects. Repeats are harmless. Messages that the handlers can't read, or reject, became dead letters when they first
 * came.
 */
export async function hearAgain(
  nats: Nats,
  stream: StreamName,
  handlers: readonly Handler[],
  since: Date,
): Promise<number> {
  const byType = new Map(handlers.map((handler) => [handler.type, handler]));
  let heard = 0;
  for (const message of (await readBack(nats, { stream, subjects: [...byType.keys()], since })).toReversed()) {
    const event = readReport(message);
    const handler = byType.get(message.subject);
    if (event === undefined || !(handler?.schema.safeParse(event.data).success ?? false)) continue;
    const { id, time, type, subject, data } = event;
    const received = { id, time, timeUnreadable: false, type, subject, data, deliveries: 1, redriven: false };
    if ((await handler?.run({ ...received, working: () => undefined }))?.kind === 'done') heard++;
  }
  return heard;
}

/** Moves the sequence past every id that the streams have seen. Returns the next id. */
export async function moveSequence(sql: Sql, table: 'leads' | 'calls', past: number): Promise<number> {
  const moved = await row(
    sql,
    z.object({ last: z.coerce.number() }),
    `select setval(sequence, greatest($2::bigint, nextval(sequence))) as last
       from pg_get_serial_sequence($1, 'id') as sequence`,
    [table, past],
  );
  if (moved === undefined) throw new Error(`${table} has no sequence`);
  return moved.last + 1;
}

const about = z.object({
  leadId: z.number().nullable().catch(null),
  callId: z.number().nullable().catch(null),
  room: z.string().nullable().catch(null),
});

/** Undefined for a message that is no readable event. An agent's reports count as nobody's. */
function readReport(message: StoredMsg): (Envelope & { data: unknown }) | undefined {
  try {
    const envelope = fromHeaders((name) => message.header.get(name));
    return { ...envelope, data: JSON.parse(new TextDecoder().decode(message.data)) };
  } catch {
    return undefined;
  }
}
