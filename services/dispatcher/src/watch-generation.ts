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
 * What a database knows of what the streams hold. `older`: it was restored from a backup and knows less.
 * `not_compared`: nobody has asked it yet, or since NATS was lost.
 */
export type Knowledge = 'current' | 'older' | 'not_compared';

/**
 * Whether the database that a transaction runs in knows all that the streams hold. Else nobody is claimed, permitted or
 * put back before it is reconciled. Claim, permit, `explain`, `/readyz` and `health` all ask this one.
 */
export type CurrentDatabase = Part & {
  knowledge(sql: Sql): Promise<Knowledge>;
  /** As `knowledge`, of the generation that a statement has read beside other things. */
  knowledgeOf(generation: string): Knowledge;
  /** Its knowledge is current. */
  holds(sql: Sql): Promise<boolean>;
  /** Compares now. Answers the subjects whose newest event it does not know. Throws when NATS or Postgres can't be asked. */
  compare(): Promise<string[]>;
};

/** Whoever claims asks too, and finds another database at once. */
const askAgainMs = 15_000;

const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'] as const;

/**
 * Compares all four outboxes with the streams: at the start, after each time NATS was lost, and whenever a transaction
 * finds itself in another database than the one that was compared last. Until that was answered, nothing holds.
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
      log.warn({ passedOver }, 'messages in our subjects are no events of ours; they are passed over'),
    );
    // Asked before and after: what was compared is what answered in between.
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
