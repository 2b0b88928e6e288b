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
  /** Outside a transaction. */
  sql: Sql;
  /**
   * READ COMMITTED. Commits when `work` resolves, rolls back when it throws. Keep it short: the server ends idle ones
   * after 2 s. `begin` travels with the first statement.
   */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * As `transaction`, for work that does not need its last statements' answers: `work` resolves to a function that
   * sends them, and they travel with `commit`, which saves a round trip under the locks. That function must not throw,
   * and an unreadable answer is an error after the commit.
   */
  transactionEndingWith<T>(work: (sql: Sql) => Promise<() => Promise<T>>): Promise<T>;
  /**
   * From now on `heard` is called after each commit of this pool that notifies the channel, and nobody else is notified: a
   * notification wakes every session that listens to anything in the database, and commits that notify wait for each other.
   * @returns a function that ends this
   */
  hearAlone(channel: string, heard: () => void): () => void;
  /** For users that need a session of their own, such as the outbox relay. */
  url: string;
  /**
   * Resolves when a query gets through, the database is writable, the session has our settings, and the schema is as
   * new as this code.
   * @throws Error in words for people when one of the last three fails
   */
  check(): Promise<void>;
  close(): Promise<void>;
};

/**
 * How Postgres plans a named statement. `each_time`: with its values, for searches by whatever people fill in. `once`: for
 * each connection, without values; every statement must be written so that such a plan does. `as_postgres_likes`: it
 * compares what it thinks that both cost, without what planning costs in truth, and so may plan with values for ever.
 */
export type Plans = keyof typeof planCacheModes;
const planCacheModes = {
  each_time: 'force_custom_plan',
  once: 'force_generic_plan',
  as_postgres_likes: 'auto',
} as const;

/**
 * Opens a pool; the server need not be up yet. A connection that the server closes is replaced and never ends the
 * process; one that is silent for 15 s is closed. We wait at most 2 s for locks and 10 s for statements.
 */
export async function openDatabase(options: {
  url: string;
  name: string;
  poolSize?: number | undefined;
  plans?: Plans | undefined;
  /** Shorter in tests. */
  silentMs?: number;
}): Promise<Database> {
  // pg's types do not know `pipeline` yet.
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
    // Statements are short: JIT compilation takes longer than running them.
    options: `${sessionSettings} -c idle_in_transaction_session_timeout=2000 -c lock_timeout=2000 -c statement_timeout=10000 -c jit=off -c plan_cache_mode=${planCacheModes[options.plans ?? 'as_postgres_likes']}`,
  };
  const pool = new Pool(settings);
  // A lost connection reports twice: to its running query, which rejects, and here, where we ignore it.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  dropSilentConnections(pool, options.silentMs ?? 15_000);
  dropReadOnlyConnections(pool);
  const heardAlone = new Map<string, () => void>();
  const use: Use = async (work) => {
    const told = new Set<() => void>();
    const result = await borrow(pool, (client) => work(client, (text) => withoutNotifying(text, heardAlone, told)));
    for (const tell of told) tell();
    return result;
  };
  return {
    sql: { query: (text, parameters) => use((client, toSent) => ask(client, toSent(text), parameters)) },
    transaction: (work) =>
      use((client, toSent) =>
        transact(client, toSent, async (sql) => {
          const result = await work(sql);
          return () => Promise.resolve(result);
        }),
      ),
    transactionEndingWith: (work) => use((client, toSent) => transact(client, toSent, work)),
    hearAlone(channel, heard) {
      heardAlone.set(channel, heard);
      return () => {
        if (heardAlone.get(channel) === heard) heardAlone.delete(channel);
      };
    },
    url: options.url,
    check: async () => requireReady(await pool.connect()),
    close: () => within(2_000, pool.end()),
  };
}

/** Keeps dates and intervals as Postgres writes them, to the microsecond; a JavaScript Date has only milliseconds. */
function datesAsText(): TypeOverrides {
  const overrides = new TypeOverrides();
  const { DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL } = types.builtins;
  for (const oid of [DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL]) overrides.setTypeParser(oid, String);
  return overrides;
}

/** The text that is sent for a statement. */
type ToSent = (text: string) => string;
type Use = <T>(work: (client: PoolClient, toSent: ToSent) => Promise<T>) => Promise<T>;

const notification = /\bpg_notify\('(\w+)', ''\)/g;

/** The statement without its notifications of channels that are heard here alone; adds those who hear them to `told`. */
function withoutNotifying(text: string, heardAlone: ReadonlyMap<string, () => void>, told: Set<() => void>): string {
  if (heardAlone.size === 0 || !text.includes('pg_notify')) return text;
  return text.replaceAll(notification, (whole, channel: string) => {
    const heard = heardAlone.get(channel);
    if (heard === undefined) return whole;
    told.add(heard);
    return 'null';
  });
}

async function borrow<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
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

async function transact<T>(
  client: PoolClient,
  toSent: ToSent,
  work: (sql: Sql) => Promise<() => Promise<T>>,
): Promise<T> {
  const begun = client.query('begin');
  let [hasBegun, isAwaited, isOver] = [false, false, false];
  const beginning = begun.then(
    () => (hasBegun = true),
    () => undefined,
  );
  const sql: Sql = {
    async query(text, parameters) {
      // If `begin` fails, what travelled with it runs outside the transaction, which is harmless only for locks and
      // reads.
      if (!hasBegun && (isAwaited || !onlyReads(text))) {
        isAwaited = true;
        await begun;
      }
      // It would commit alone.
      if (isOver) throw new Error('the transaction is over: await each statement before it ends');
      return ask(client, toSent(text), parameters);
    },
  };
  let ending: [Promise<T>, Promise<QueryResult>];
  try {
    const last = await work(sql);
    await begun;
    // The last statements and `commit` are written in one go; if one fails, Postgres rolls back and says so.
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
  // Postgres answers ROLLBACK if a statement had failed.
  if (committed.value.command !== 'COMMIT')
    throw new Error('nothing was committed: a statement failed, and its error went unheard');
  return ended.value;
}

/** Row locks and advisory locks count as reads: outside a transaction they end with their statement. */
function onlyReads(text: string): boolean {
  return (
    /^\s*select\b/i.test(text) || (/^\s*with\b/i.test(text) && !/\b(?:insert|update|delete|merge)\b(?! of)/i.test(text))
  );
}

/** Statement names by text. The texts are in the code, so there are only some hundred. */
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
 * Somebody changed a column's type, or a pooler gave us a session that does not know our statements. A new connection
 * prepares them again.
 */
function hasStalePlans(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '0A000' || error.code === '26000');
}

async function requireReady(client: PoolClient): Promise<void> {
  let keep = false;
  try {
    const { rows } = await client.query(
      `select current_setting('transaction_read_only')::boolean as is_read_only,
              current_setting('datestyle') like 'ISO,%' and current_setting('lock_timeout') = '2s' as is_set,
              exists (select from leadline_migrations where name = $1) as is_migrated`,
      [newestMigration],
    );
    const { is_read_only: isReadOnly, is_set: isSet, is_migrated: isMigrated } = found.parse(rows[0]);
    if (isReadOnly) await requireWritable(client);
    keep = true;
    if (!isSet)
      throw new Error('a pooler drops the settings of our sessions: connect without one, or let it pass `options` on');
    if (!isMigrated) throw new Error('the schema is older than this program: migrate it');
  } finally {
    client.release(!keep);
  }
}

const found = z.object({ is_read_only: z.boolean(), is_set: z.boolean(), is_migrated: z.boolean() });
