import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import { closeOrm } from './close-orm.ts';
import { dropLostConnections } from './drop-lost-connections.ts';
import { dropReadOnlyConnections } from './drop-read-only-connections.ts';
import { readUrl } from './read-url.ts';
import { entities } from './schema/all.ts';
import { requireWritable, sessionSettings } from './session.ts';
import { affected } from './sql.ts';

export type Database = {
  /** A fresh fork: identity map and all. */
  em(): EntityManager;
  /** READ COMMITTED; commits when `work` resolves, rolls back when it throws. Keep it short: the server ends idle ones after 2 s. */
  transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T>;
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
 * process; one that says nothing for 15 s is dropped. Locks are waited for 2 s, statements run for 10 s at most.
 */
export async function openDatabase(options: {
  url: string;
  name: string;
  poolSize?: number | undefined;
  /** Shorter in tests. */
  silentMs?: number;
}): Promise<Database> {
  const place = readUrl(options.url);
  let pool: Pool | undefined;
  const orm = await MikroORM.init({
    entities: [...entities],
    ...place,
    pool: { min: 0, max: options.poolSize ?? 10 },
    driverOptions: {
      ...place.driverOptions,
      application_name: options.name,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      onPoolCreated: (made: Pool) => {
        pool = made;
        dropLostConnections(made, options.silentMs ?? 15_000);
        dropReadOnlyConnections(made);
      },
      // Statements are short: compiling one takes longer than running it.
      options: `${sessionSettings} -c idle_in_transaction_session_timeout=2000 -c lock_timeout=2000 -c statement_timeout=10000 -c jit=off`,
    },
    logger: () => undefined,
    discovery: { warnWhenNoEntities: false },
  });
  const em = (): EntityManager => orm.em.fork();
  const acquire = async (): Promise<PoolClient> => {
    // The pool is made for the first who asks.
    if (pool === undefined) await affected(em(), 'select 1', []);
    if (pool === undefined) throw new Error('the database has no pool');
    return pool.connect();
  };
  // Aside, for it brings a library that a service needs for nothing else.
  const newest = import('./migrations/all.ts').then(({ migrations }) => migrations.at(-1)?.name ?? '');
  return {
    em,
    transaction: (work) => em().transactional(work),
    url: options.url,
    check: async () => requireReady(await acquire(), await newest),
    close: () => closeOrm(orm),
  };
}

async function requireReady(client: PoolClient, newest: string): Promise<void> {
  let keep = false;
  try {
    await requireWritable(client);
    const { rows } = await client.query(
      `select current_setting('datestyle') like 'ISO,%' and current_setting('lock_timeout') = '2s' as is_set,
              exists (select from leadline_migrations where name = $1) as is_migrated`,
      [newest],
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
