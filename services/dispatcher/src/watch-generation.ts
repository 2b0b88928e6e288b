import { readGeneration } from '@leadline/database/generation';
import type { Database } from '@leadline/database/open-database';
import { rows } from '@leadline/database/sql';
import type { Nats } from '@leadline/messaging/connect';
import { findUnknownEvents } from '@leadline/messaging/know-own-events';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';

/**
 * Whether the database that a transaction runs in knows all that the streams hold. One that was restored from a backup
 * knows less: then nobody is claimed, permitted or put back before it is reconciled.
 */
export type CurrentDatabase = { holds(em: EntityManager): Promise<boolean>; stop(): Promise<void> };

const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'] as const;

/**
 * Compares all four outboxes with the streams: at the start, after each time NATS was lost, and whenever a transaction
 * finds itself in another database than the one that was compared last. Until that was answered, nothing holds.
 */
export function watchGeneration(postgres: Database, nats: Nats, log: Log): CurrentDatabase {
  const outboxes = {
    query: async (text: string, values: unknown[]) => ({
      rowCount: (await rows(postgres.em(), z.unknown(), text, values)).length,
    }),
  };
  let current: string | undefined;
  let comparedIn = -1;
  const compare = every({
    name: 'compare the outboxes with the streams',
    ms: 5_000,
    work: async () => {
      if (!nats.isUp()) return;
      const session = nats.reconnects();
      const generation = await readGeneration(postgres.em());
      if (current === generation && comparedIn === session) return;
      const unknown = await findUnknownEvents(nats, outboxes, services);
      // Asked before and after: what was compared is what answered in between.
      const same = generation === (await readGeneration(postgres.em()));
      current = same && unknown.length === 0 ? generation : undefined;
      comparedIn = session;
      if (unknown.length > 0)
        log.error(
          { subjects: unknown },
          'the database is older than the streams: nobody is dialled until `leadline reconcile` has been run',
        );
    },
    log,
  });
  return {
    async holds(em) {
      const generation = await readGeneration(em);
      if (generation === current) return true;
      compare.wake();
      return false;
    },
    stop: () => compare.stop(),
  };
}
