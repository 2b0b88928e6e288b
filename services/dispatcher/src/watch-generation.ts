import type { Sql } from '@leadline/database/sql';
import { readGeneration } from '@leadline/database/generation';
import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { findUnknownEvents } from '@leadline/messaging/find-unknown-events';
import { queryable } from '@leadline/messaging/reconcile';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';

/**
 * Whether a database knows all events of the streams. `older`: it was restored from a backup and does not.
 * `not_compared`: we have not compared them yet, or not since we lost NATS.
 */
export type Knowledge = 'current' | 'older' | 'not_compared';

/**
 * Whether the database of a transaction knows all events of the streams. If not, we claim, permit and put back nothing
 * until it is reconciled. Claim, permit, `explain`, `/readyz` and `health` all use this.
 */
export type CurrentDatabase = Part & {
  knowledge(sql: Sql): Promise<Knowledge>;
  /** Like `knowledge`, for a generation that another statement has read. */
  knowledgeOf(generation: string): Knowledge;
  /** Whether its knowledge is current. */
  holds(sql: Sql): Promise<boolean>;
  /** Compares now. Returns the subjects whose newest event the database lacks. Throws if NATS or Postgres does not answer. */
  compare(): Promise<string[]>;
};

/** Claims check too, and so notice another database at once. */
const askAgainMs = 15_000;

const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'] as const;

/**
 * Compares all four outboxes with the streams: at the start, each time after NATS was lost, and when a transaction runs in
 * another database than the one compared last. Until the comparison has succeeded, `holds` is false.
 */
export function watchGeneration(postgres: Database, nats: Nats, log: Log): CurrentDatabase {
  let current: string | undefined;
  let older: string | undefined;
  let comparedIn = -1;
  let askedAt = Number.NEGATIVE_INFINITY;
  const compare = async (): Promise<string[]> => {
    const session = nats.reconnects();
    const generation = await readGeneration(postgres.sql);
    const unknown = await findUnknownEvents(nats, queryable(postgres.sql), services, (passedOver) =>
      log.warn({ passedOver }, 'messages on our subjects are not our events; we skip them'),
    );
    // We read the generation before and after, so that we know which database the comparison was about.
    const same = generation === (await readGeneration(postgres.sql));
    current = same && unknown.length === 0 ? generation : undefined;
    older = same && unknown.length > 0 ? generation : undefined;
    comparedIn = session;
    if (unknown.length > 0)
      log.error(
        { subjects: unknown },
        'the database is older than the streams: nobody is dialled until `leadline reconcile` has been run',
      );
    return unknown;
  };
  const comparing = every({
    name: 'compare the outboxes with the streams',
    ms: 5_000,
    work: async () => {
      if (!nats.isUp()) return;
      const isSameSession = comparedIn === nats.reconnects();
      if (isSameSession && current !== undefined && performance.now() - askedAt < askAgainMs) return;
      askedAt = performance.now();
      if (isSameSession && current === (await readGeneration(postgres.sql))) return;
      await compare();
    },
    log,
  });
  const knowledgeOf = (generation: string): Knowledge => {
    if (generation === current) return 'current';
    askedAt = Number.NEGATIVE_INFINITY;
    comparing.wake();
    return generation === older ? 'older' : 'not_compared';
  };
  const knowledge = async (sql: Sql): Promise<Knowledge> => knowledgeOf(await readGeneration(sql));
  return {
    knowledge,
    knowledgeOf,
    holds: async (sql) => (await knowledge(sql)) === 'current',
    compare,
    stop: () => comparing.stop(),
  };
}
