import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { z } from 'zod';
import { closeOrm } from './close-orm.ts';
import { dropLostConnections } from './drop-lost-connections.ts';
import { readUrl } from './read-url.ts';
import { entities } from './schema/all.ts';
import { row } from './sql.ts';

export type Database = {
  /** A fresh fork: identity map and all. */
  em(): EntityManager;
  /** READ COMMITTED; commits when `work` resolves, rolls back when it throws. Keep it short: the server ends idle ones after 2 s. */
  transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T>;
  /** For what needs a session of its own, such as the outbox relay. */
  url: string;
  /** Resolves when a query gets through and the schema is as new as this code. */
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
  poolSize?: number;
  /** Shorter in tests. */
  silentMs?: number;
}): Promise<Database> {
  const place = readUrl(options.url);
  const orm = await MikroORM.init({
    entities: [...entities],
    ...place,
    pool: { min: 0, max: options.poolSize ?? 10 },
    driverOptions: {
      ...place.driverOptions,
      application_name: options.name,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      onPoolCreated: (pool: Pool) => dropLostConnections(pool, options.silentMs ?? 15_000),
      // Statements are short: compiling one takes longer than running it.
      options: '-c idle_in_transaction_session_timeout=2000 -c lock_timeout=2000 -c statement_timeout=10000 -c jit=off',
    },
    logger: () => undefined,
    discovery: { warnWhenNoEntities: false },
  });
  const em = (): EntityManager => orm.em.fork();
  // Aside, for it brings a library that a service needs for nothing else.
  const newest = import('./migrations/all.ts').then(({ migrations }) => migrations.at(-1)?.name ?? '');
  return {
    em,
    transaction: (work) => em().transactional(work),
    url: options.url,
    check: async () => {
      const found = await row(em(), z.unknown(), 'select name from leadline_migrations where name = $1', [
        await newest,
      ]);
      if (found === undefined) throw new Error('the schema is older than this program: migrate it');
    },
    close: () => closeOrm(orm),
  };
}
