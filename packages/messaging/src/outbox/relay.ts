import type { PublishingService } from '@leadline/contracts/services';
import { NatsError } from 'nats';
import type { Database } from '@leadline/database/open-database';
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
/**
 * Events that follow each other more closely go together: a batch begins this long after the one before. The first after a
 * rest never waits. A phone waits for what ingest says, and people read that a call is dialled before they read that it rings.
 */
const gatherMs = (service: PublishingService): number => (service === 'ingest' || service === 'dispatcher' ? 25 : 250);
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
/** A mark that a crash of the server loses is made again: its row is published once more, under the same message id. */
const commits = '-c synchronous_commit=off';

/** What was published and is not marked yet; `publishedAt` is of our monotonic clock, in ms. */
type Unsaved = { result: PublishedRows; publishedAt: number };

/**
 * Publishes a service's outbox. One replica leads, by its session's advisory lock, so that the rows of an aggregate
 * keep their order. A row that is published twice has the same message id and is stored once.
 */
export function startRelay(options: {
  databaseUrl: string;
  nats: Nats;
  service: PublishingService;
  log: Log;
  /** The pool with which this process adds events: while this relay leads, those wake it without a notification. */
  writer?: Pick<Database, 'hearAlone'>;
}): Relay {
  const { nats, log, service } = options;
  const table = outboxTable(service);
  let state: RelayState = 'waiting';
  /**
   * Rows that were published but could not be marked. Nothing else is published before they are: a disk that stays full
   * for longer than the duplicate window would otherwise make the stream store the same rows again and again.
   */
  let unsaved: Unsaved | undefined;
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  const untilWoken = async (ms: number): Promise<void> => {
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
    const saveRest = async (): Promise<void> => {
      if (unsaved === undefined) return;
      await save(client, table, unsaved);
      unsaved = undefined;
    };
    while (!stopping.aborted) {
      // What was committed before needs no further read.
      woken = Promise.withResolvers();
      if (!nats.isUp()) {
        await saveRest();
        await requireWritable(client);
        await untilWoken(restMs);
        continue;
      }
      if (checked !== nats.reconnects()) {
        await saveRest();
        await requireWritable(client);
        const current = nats.reconnects();
        if (!(await isCurrent(client))) {
          // JetStream may be silent for longer than the session may.
          await client.query('select 1');
          await untilWoken(againMs);
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
      const batch = await saveAndRead(client, table, unsaved, [...resting.keys()]);
      provedAt = askedAt;
      unsaved = undefined;
      const result = await publishRows(nats, batch, mayPublish);
      unsaved = { result, publishedAt: performance.now() };
      // A full batch is marked before the rest: a process that is killed again and again would publish it for ever.
      if (result.again.length + result.never.length > 0 || batch.length >= batchSize) await saveRest();
      for (const [stream, { from, to }] of result.places) {
        if (from <= (filledTo.get(stream) ?? 0)) checked = undefined;
        filledTo.set(stream, to);
      }
      for (const { aggregate } of result.again) resting.set(aggregate, performance.now() + noRoomMs);
      if (result.never.length > 0)
        log.error({ service, rows: result.never }, 'events can never be published; their rows are marked as failed');
      if (result.again.length > 0)
        tellWaiting(() => log.warn({ service, because: result.again[0]?.because }, 'events wait for room in NATS'));
      // What could not be tried or has no room comes up again; what was published is marked by the next read.
      if (batch.length === 0 || result.again.length > 0) await untilWoken(resting.size > 0 ? againMs : restMs);
      const tookMs = performance.now() - askedAt;
      const isFlood = batch.length >= batchSize && nats.isUp();
      const pauseMs = isFlood ? Math.min(longestRestMs, tookMs * restsPerWork) : gatherMs(service) - tookMs;
      if (pauseMs > 0) await wait(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    await saveRest();
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
    sessionOptions: `${planner} ${commits}`,
    async asLeader(client, stopping) {
      const hearNoMore = options.writer?.hearAlone(table, wake);
      try {
        await workAsLeader(client, stopping);
      } finally {
        state = 'waiting';
        hearNoMore?.();
      }
    },
    lost: (error) =>
      tellOutage(() => log.warn({ service, because: describeError(error) }, 'the outbox relay begins anew')),
    rest: () => untilWoken(followMs),
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

/**
 * Marks what was published, and reads what waits, in order: all that a leader asks. Where nothing is to be marked, it deletes
 * nothing, so that a session that may not write is refused all the same.
 */
async function saveAndRead(
  client: Client,
  table: string,
  unsaved: Unsaved | undefined,
  resting: readonly string[],
): Promise<RelayRow[]> {
  const published = unsaved?.result.published ?? [];
  const isMarked = unsaved !== undefined && published.length > 0;
  const written = isMarked ? markText(table, '$2', '$3') : `delete from ${table} where false`;
  const { rows } = await client.query(
    `with written as (${written})
     select seq, id, aggregate, subject, headers, payload::text as payload from ${table}
      where published_at is null and failed_at is null and aggregate <> all($1::text[]) and seq <> all($2::bigint[])
      order by seq limit ${batchSize}`,
    [resting, published, ...(isMarked ? [toSecondsAgo(unsaved)] : [])],
  );
  return z.array(relayRow).parse(rows);
}

/** SQL that marks rows as published; `seconds` ago, which decides whether JetStream still knows a row's id. */
const markText = (table: string, seqs: string, seconds: string): string => `
  update ${table} set published_at = clock_timestamp() - make_interval(secs => ${seconds}), attempts = attempts + 1, last_error = null
   where seq = any(${seqs}::bigint[]) and published_at is null and failed_at is null`;

function toSecondsAgo({ publishedAt }: Unsaved): number {
  return (performance.now() - publishedAt) / 1_000;
}

async function save(client: Client, table: string, unsaved: Unsaved): Promise<void> {
  const { published, again, never } = unsaved.result;
  if (published.length > 0) await client.query(markText(table, '$1', '$2'), [published, toSecondsAgo(unsaved)]);
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
