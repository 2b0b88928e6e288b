import { within } from '@leadline/time/within';
import { DatabaseError, Pool, TypeOverrides, types, type PoolClient, type PoolConfig, type QueryResult } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { z } from 'zod';
import { dropSilentConnections } from './drop-silent-connections.ts';
import { dropReadOnlyConnections } from './drop-read-only-connections.ts';
import { newestMigration } from './migrations/newest.ts';
import { requireWritable, sessionSettings } from './session.ts';
import type { Sql } from './sql.ts';

export type Database = {
  /** Out of a transaction. */
  sql: Sql;
  /**
   * READ COMMITTED; commits when `work` resolves, rolls back when it throws. Keep it short: the server ends idle ones after
   * 2 s. `begin` leaves together with the first statement.
   */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * As `transaction`, where nothing hangs on the last statements' answers any more: `work` resolves with what sends them,
   * and they leave together with `commit`, so that locks are held for a round trip less. What sends them must not throw by
   * itself, and an answer that it can't read is an error after the commit.
   */
  transactionEndingWith<T>(work: (sql: Sql) => Promise<() => Promise<T>>): Promise<T>;
  /** For what needs a session of its own, such as the outbox relay. */
  url: string;
  /**
   * Resolves when a query gets through, the database may be written to, the session is set as we rely on, and the schema is
   * as new as this code. @throws Error in words for people where one of the last three fails
   */
  check(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens a pool; the server need not be up yet. A connection that the server drops is thrown away and never ends the
 * process; one that says nothing for 15 s is dropped. Locks are waited for 2 s, statements run for 10 s at most. Postgres
 * plans a statement once for each connection.
 */
export async function openDatabase(options: {
  url: string;
  name: string;
  poolSize?: number | undefined;
  /** Shorter in tests. */
  silentMs?: number;
}): Promise<Database> {
  // Their types know no `pipeline` yet.
  const settings: PoolConfig & { pipeline: true } = {
    ...parseIntoClientConfig(options.url),
    min: 1,
    max: options.poolSize ?? 10,
    idleTimeoutMillis: 300_000,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    pipeline: true,
    types: datesAsText(),
    // Statements are short: compiling one takes longer than running it.
    options: `${sessionSettings} -c idle_in_transaction_session_timeout=2000 -c lock_timeout=2000 -c statement_timeout=10000 -c jit=off`,
  };
  const pool = new Pool(settings);
  // A lost connection says so twice: to the query under way, which rejects, and here, where nobody has to hear it.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  dropSilentConnections(pool, options.silentMs ?? 15_000);
  dropReadOnlyConnections(pool);
  return {
    sql: { query: (text, parameters) => use(pool, (client) => ask(client, text, parameters)) },
    transaction: (work) =>
      use(pool, (client) =>
        transact(client, async (sql) => {
          const result = await work(sql);
          return () => Promise.resolve(result);
        }),
      ),
    transactionEndingWith: (work) => use(pool, (client) => transact(client, work)),
    url: options.url,
    check: async () => requireReady(await pool.connect()),
    close: () => within(2_000, pool.end()),
  };
}

/** Dates and intervals as Postgres writes them, to the microsecond: a JavaScript Date would cut them to the millisecond. */
function datesAsText(): TypeOverrides {
  const overrides = new TypeOverrides();
  const { DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL } = types.builtins;
  for (const oid of [DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL]) overrides.setTypeParser(oid, String);
  return overrides;
}

async function use<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let isStale = false;
  try {
    return await work(client);
  } catch (error) {
    isStale = hasStalePlans(error);
    throw error;
  } finally {
    client.release(isStale);
  }
}

async function transact<T>(client: PoolClient, work: (sql: Sql) => Promise<() => Promise<T>>): Promise<T> {
  const begun = client.query('begin');
  let [hasBegun, isAwaited, isOver] = [false, false, false];
  const beginning = begun.then(
    () => (hasBegun = true),
    () => undefined,
  );
  const sql: Sql = {
    async query(text, parameters) {
      // Should `begin` fail, what went out with it runs by itself: harmless for locks and reads alone.
      if (!hasBegun && (isAwaited || !onlyReads(text))) {
        isAwaited = true;
        await begun;
      }
      // It would commit by itself.
      if (isOver) throw new Error('the transaction is over: await each statement before it ends');
      return ask(client, text, parameters);
    },
  };
  let ending: [Promise<T>, Promise<QueryResult>];
  try {
    const last = await work(sql);
    await begun;
    // The last statements are written before `commit` is, in one go; where one fails, Postgres rolls back and says so.
    ending = [last(), client.query('commit')];
    isOver = true;
  } catch (error) {
    await beginning;
    isOver = true;
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  const [ended, committed] = await Promise.allSettled(ending);
  if (ended.status === 'rejected') throw ended.reason;
  if (committed.status === 'rejected') throw committed.reason;
  // So Postgres answers where a statement had failed.
  if (committed.value.command !== 'COMMIT')
    throw new Error('nothing was committed: a statement failed, and its error went unheard');
  return ended.value;
}

/** Locks of rows and advisory locks count as reads: without a transaction they would be over with the statement. */
function onlyReads(text: string): boolean {
  return (
    /^\s*select\b/i.test(text) || (/^\s*with\b/i.test(text) && !/\b(?:insert|update|delete|merge)\b(?! of)/i.test(text))
  );
}

/** Statements by their text: they are written in the code, so there are some hundred. */
const names = new Map<string, string>();
const mostNames = 1_000;

async function ask(client: PoolClient, text: string, parameters: readonly unknown[]): ReturnType<Sql['query']> {
  let name = names.get(text);
  if (name === undefined && names.size < mostNames) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  return client.query({ ...(name === undefined ? {} : { name }), text, values: [...parameters] });
}

/**
 * A column that a statement reads was given another type, or a pooler handed us a session that never heard of the
 * statement. A new connection prepares everything anew.
 */
function hasStalePlans(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '0A000' || error.code === '26000');
}

async function requireReady(client: PoolClient): Promise<void> {
  let keep = false;
  try {
    await requireWritable(client);
    const { rows } = await client.query(
      `select current_setting('datestyle') like 'ISO,%' and current_setting('lock_timeout') = '2s' as is_set,
              exists (select from leadline_migrations where name = $1) as is_migrated`,
      [newestMigration],
    );
    keep = true;
    const { is_set: isSet, is_migrated: isMigrated } = found.parse(rows[0]);
    if (!isSet)
      throw new Error('a pooler drops the settings of our sessions: connect without one, or let it pass `options` on');
    if (!isMigrated) throw new Error('the schema is older than this program: migrate it');
  } finally {
    client.release(!keep);
  }
}

const found = z.object({ is_set: z.boolean(), is_migrated: z.boolean() });
