import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import type { SharedCommits } from '@leadline/service-kit/share-commits';
import type { Sql } from '@leadline/database/sql';
import type { Log } from '@leadline/service-kit/logger';
import type { TrunkPhrase } from '@leadline/telephony/trunk-phrases';
import type { LiveKit } from '@leadline/telephony/livekit';
import type { AgentMode } from '@leadline/contracts/qualification';
import type { BreakerPolicy } from './decide-breaker.ts';
import type { DialPolicy } from './decide-dial.ts';
import type { RetryPolicy } from './decide-retry.ts';
import type { PromisePolicy } from './decide-promise.ts';
import type { Metrics } from './metrics.ts';
import type { CurrentDatabase } from './watch-generation.ts';
import type { ReportHearing } from './watch-hearing.ts';

/** What the dispatcher's steps touch. There is one clock, the database's, read once a transaction and passed through `now`. */
export type Deps = {
  postgres: Database;
  /** Steps of calls that may share a transaction. */
  commits: SharedCommits<Sql>;
  nats: Nats;
  livekit: LiveKit;
  now: (databaseTime: Date) => Date;
  random: () => number;
  log: Log;
  metrics: Metrics;
  policy: Policy;
  generation: CurrentDatabase;
  reports: ReportHearing;
  /** Names this process among the replicas. */
  owner: string;
};

export type Policy = DialPolicy &
  PromisePolicy &
  RetryPolicy & {
    breaker: BreakerPolicy;
    agentMode: AgentMode;
    agentWaitMs: number;
    maxCallSeconds: number;
    trunkId: string;
    callerId: string | undefined;
    /** What the trunk's phrases for a refused dial mean. */
    trunkPhrases: readonly TrunkPhrase[];
    /** The time between two dials, over all replicas. */
    paceMs: number;
  };

/** How far our time is from the database's, in ms: 0 but in tests. */
export function aheadMs(now: Deps['now']): number {
  const here = new Date();
  return now(here).getTime() - here.getTime();
}

/**
 * SQL of our time, where `parameter` holds `aheadMs`: a search then needs no statement before it that asks for the time. In
 * a select of its own it is asked once, and an index can be searched by it.
 */
export const nowAt = (parameter: string): string =>
  `(select clock_timestamp() + ${parameter}::float8 * interval '1 ms')`;

/** A claim this old gets no permit any more. The first replica that sees it puts it back. */
export function claimLifeMs(policy: { agentWaitMs: number }): number {
  return policy.agentWaitMs + 5_000;
}
