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

/** What a service said and its database, restored from a backup, does not know. */
export type SaidSince = {
  /** Older than anything that may be missing. */
  since: Date;
  /** Oldest first. */
  events: SaidEvent[];
  /** Said, and known only as still to be said. */
  unmarked: { id: string; at: Date }[];
};

export type SaidEvent = OwnEvent & {
  /** Those of the data's fields that name a row or a room. */
  about: { leadId: number | null; callId: number | null; room: string | null };
};

/** A row is written before its event is stored, on two machines. */
const marginMs = 10 * 60_000;

/**
 * What the streams hold of a service's own events and its outbox does not. The newest row that was published before the
 * backup says from when, or an older event that stands unknown; what the restored database enqueued meanwhile is not
 * published yet. A redriven event is not the service's own saying, and a foreign message nobody's of ours. Throws when
 * NATS can't be asked.
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

/** The database as the comparison with the streams asks it. */
export function queryable(sql: Sql): Queryable {
  return {
    query: async (text, values) => ({ rowCount: (await rows(sql, z.unknown(), text, values)).length }),
  };
}

/** Takes them into the outbox as published when they were: from then on it knows what its service has said. */
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
 * Runs the handlers once more over what came for them since then, oldest first: the restored rows have not seen it.
 * Repeats are harmless to them. What they can't read, or reject, was set aside when it first came.
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

/** Never again an id that the streams have seen. Answers the next one that will be given. */
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

/** Nothing for what is no event, or not readable. An agent's is nobody's of ours. */
function readReport(message: StoredMsg): (Envelope & { data: unknown }) | undefined {
  try {
    const envelope = fromHeaders((name) => message.header.get(name));
    return { ...envelope, data: JSON.parse(new TextDecoder().decode(message.data)) };
  } catch {
    return undefined;
  }
}
