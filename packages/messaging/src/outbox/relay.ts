import type { PublishingService } from '@leadline/contracts/services';
import { NatsError } from 'nats';
import { requireWritable } from '@leadline/database/session';
import type { Part } from '@leadline/time/part';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';
import { findLostEvents, unmarkLostStreams } from './find-lost-events.ts';
import { findUnknownEvents } from './find-unknown-events.ts';
import { electLeader } from './elect-leader.ts';
import type { Log } from '../connection/log.ts';
import { outboxTable } from './outbox.ts';
import { publishRows, relayRow, type PublishedRows, type RelayRow } from './publish-rows.ts';
import { sparingly } from '../connection/sparingly.ts';
import type { StreamName } from '../topology/topology.ts';

/**
 * `waiting`: another replica leads, or Postgres or NATS can't be reached. `older_database`: the streams hold events
 * that this database does not know, so nothing is published.
 */
export type RelayState = 'waiting' | 'relaying' | 'older_database';

/** `stop` finishes the current batch and gives leadership up. */
export type Relay = Part & {
  /** There is something new: look at once. */
  wake(): void;
  state(): RelayState;
};

const batchSize = 250;
/** A commit notifies, so this only finds what came without: less than the server waits for a word of its leader. */
const restMs = 7_000;
/** Between two looks at whether another still leads: with the server's patience, the time until somebody relays again. */
const followMs = 2_500;
/** Until something is tried again that could not be done, and whose end nobody tells. */
const againMs = 1_000;
/** During a flood it works a tenth of the time: intake goes first, and still more events leave than phones can ring. */
const restsPerWork = 9;
/** A batch that took long because the process was frozen is no flood. */
const longestRestMs = 4_000;
const noRoomMs = 2_000;
const cleanEachMs = 10 * 60_000;
/** Rows are kept one day longer than the streams keep their messages. */
const keptDays = 31;
/**
 * A leader publishes only if it checked its session this recently. A process that was frozen for longer may have lost
 * it, and another may lead: the server drops a silent session after 10 s.
 */
const leadsForMs = 5_000;
/** Without fresh statistics the planner underestimates the backlog, and would sort all of it for each batch. */
const planner = '-c enable_bitmapscan=off -c enable_sort=off';

/**
 * Publishes a service's outbox. One replica leads, by its session's advisory lock, so that the rows of an aggregate
 * keep their order. A row that is published twice has the same message id and is stored once.
 */
export function startRelay(options: { databaseUrl: string; nats: Nats; service: PublishingService; log: Log }): Relay {
  const { nats, log, service } = options;
  const table = outboxTable(service);
  let state: RelayState = 'waiting';
  /**
   * Rows that were published but could not be marked. Nothing else is published before they are: a disk that stays full
   * for longer than the duplicate window would otherwise make the stream store the same rows again and again.
   */
  let unsaved: { result: PublishedRows; publishedAt: number } | undefined;
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  const rest = async (ms: number): Promise<void> => {
    const timer = setTimeout(wake, ms);
    await woken.promise;
    clearTimeout(timer);
    woken = Promise.withResolvers();
  };

  const tellOutage = sparingly();
  const tellWaiting = sparingly();

  const workAsLeader = async (client: Client, stopping: AbortSignal): Promise<void> => {
    let provedAt = performance.now();
    const mayPublish = (): boolean => performance.now() - provedAt < leadsForMs;
    await client.query(`listen ${table}`);
    client.on('notification', wake);
    client.on('end', wake);
    /** The NATS session in which we found everything in order. */
    let checked: number | undefined;
    let cleanedAt = Number.NEGATIVE_INFINITY;
    /** The highest place in each stream. A stream that returns a lower one was lost and recreated meanwhile. */
    const filledTo = new Map<StreamName, number>();
    /** Aggregates whose first row found no room recently, and until when to skip them: the rows behind them go on. */
    const resting = new Map<string, number>();
    while (!stopping.aborted) {
      if (unsaved !== undefined) {
        await save(client, table, unsaved.result, performance.now() - unsaved.publishedAt);
        unsaved = undefined;
      }
      if (!nats.isUp()) {
        await requireWritable(client);
        await rest(restMs);
        continue;
      }
      if (checked !== nats.reconnects()) {
        await requireWritable(client);
        const current = nats.reconnects();
        if (!(await isCurrent(client))) {
          // JetStream may be silent for longer than the session may.
          await client.query('select 1');
          await rest(againMs);
          continue;
        }
        const lost = await unmarkLostStreams(nats, client, service);
        if (Object.keys(lost).length > 0)
          log.error(
            { service, ...lost },
            'streams were lost and made again: all that was said in them is published again',
          );
        const again = await findLostEvents(nats, client, service);
        await client.query(`update ${table} set published_at = null where id = any($1::uuid[])`, [again]);
        checked = current;
      }
      state = 'relaying';
      if (performance.now() - cleanedAt > cleanEachMs) {
        await cleanUp(client, table);
        cleanedAt = performance.now();
      }
      for (const [aggregate, until] of resting) if (until < performance.now()) resting.delete(aggregate);
      const askedAt = performance.now();
      const batch = await readBatch(client, table, [...resting.keys()]);
      provedAt = askedAt;
      const result = await publishRows(nats, batch, mayPublish);
      unsaved = { result, publishedAt: performance.now() };
      await save(client, table, result, 0);
      unsaved = undefined;
      for (const [stream, { from, to }] of result.places) {
        if (from <= (filledTo.get(stream) ?? 0)) checked = undefined;
        filledTo.set(stream, to);
      }
      for (const { aggregate } of result.again) resting.set(aggregate, performance.now() + noRoomMs);
      if (result.never.length > 0)
        log.error({ service, rows: result.never }, 'events can never be published; their rows are marked as failed');
      if (result.again.length > 0)
        tellWaiting(() => log.warn({ service, because: result.again[0]?.because }, 'events wait for room in NATS'));
      if (batch.length < batchSize || !nats.isUp()) await rest(resting.size > 0 ? againMs : restMs);
      else {
        const pauseMs = Math.min(longestRestMs, (performance.now() - askedAt) * restsPerWork);
        await wait(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  };

  const isCurrent = async (client: Client): Promise<boolean> => {
    let subjects: string[];
    try {
      subjects = await findUnknownEvents(nats, client, [service], (passedOver) =>
        log.warn(
          { service, passedOver },
          'messages in subjects of this service are no events of it; they are passed over',
        ),
      );
    } catch (error) {
      // A lost session ends the leadership; asking it again would give the same answer.
      if (!(error instanceof NatsError)) throw error;
      tellOutage(() => log.warn({ service, because: describeError(error) }, 'the streams can not be asked yet'));
      return false;
    }
    if (subjects.length > 0 && state !== 'older_database')
      log.error(
        { service, subjects },
        'the newest events of these subjects are not in the database: it is older than the streams. Nothing is published until `leadline reconcile` has been run',
      );
    if (subjects.length > 0) state = 'older_database';
    return subjects.length === 0;
  };

  const leading = electLeader({
    databaseUrl: options.databaseUrl,
    name: `${service}-relay`,
    lockClass: 'relay',
    lock: table,
    sessionOptions: planner,
    async asLeader(client, stopping) {
      try {
        await workAsLeader(client, stopping);
      } finally {
        state = 'waiting';
      }
    },
    lost: (error) =>
      tellOutage(() => log.warn({ service, because: describeError(error) }, 'the outbox relay begins anew')),
    rest: () => rest(followMs),
  });
  const stopListening = nats.onReconnect(wake);
  return {
    wake,
    state: () => state,
    async stop() {
      stopListening();
      const stopped = leading.stop();
      wake();
      await stopped;
    },
  };
}

const session = z.tuple([z.object({ read_only: z.boolean(), seq: z.coerce.number().nullable() })], z.unknown());

/**
 * What waits, in order. Whether the session may write is asked with it, so that at rest a leader asks nothing else.
 * @throws Error where it may not
 */
async function readBatch(client: Client, table: string, resting: readonly string[]): Promise<RelayRow[]> {
  const { rows } = await client.query(
    `select current_setting('transaction_read_only')::boolean as read_only,
            w.seq, w.id, w.aggregate, w.subject, w.headers, w.payload
       from (values (1)) as session left join (
         select seq, id, aggregate, subject, headers, payload::text as payload from ${table}
          where published_at is null and failed_at is null and aggregate <> all($1::text[])
          order by seq limit ${batchSize}) as w on true`,
    [resting],
  );
  const [first] = session.parse(rows);
  if (first.read_only) await requireWritable(client);
  if (first.seq === null) return [];
  return z
    .array(relayRow)
    .parse(rows)
    .toSorted((one, other) => one.seq - other.seq);
}

/** `agoMs`: how long ago they were published, which decides whether JetStream still knows a row's id. */
async function save(client: Client, table: string, result: PublishedRows, agoMs: number): Promise<void> {
  const { published, again, never } = result;
  if (published.length > 0)
    await client.query(
      `update ${table} set published_at = clock_timestamp() - make_interval(secs => $2), attempts = attempts + 1, last_error = null
        where seq = any($1::bigint[]) and published_at is null and failed_at is null`,
      [published, agoMs / 1_000],
    );
  if (again.length + never.length === 0) return;
  await client.query(
    `update ${table} as o
        set attempts = attempts + 1, last_error = f.because,
            failed_at = case when f.never then clock_timestamp() end
       from jsonb_to_recordset($1::jsonb) as f(id uuid, because text, never boolean) where o.id = f.id`,
    [
      JSON.stringify([
        ...again.map(({ id, because }) => ({ id, because, never: false })),
        ...never.map(({ id, because }) => ({ id, because, never: true })),
      ]),
    ],
  );
}

async function cleanUp(client: Client, table: string): Promise<void> {
  const atOnce = 1_000;
  for (;;) {
    const { rowCount } = await client.query(
      `delete from ${table} where id in (
         select id from ${table}
          where created_at < clock_timestamp() - interval '${keptDays} days'
            and published_at < clock_timestamp() - interval '${keptDays} days' limit ${atOnce})`,
    );
    if ((rowCount ?? 0) < atOnce) return;
  }
}
