import type { Database } from '@leadline/database/open-database';
import type { SharedCommits } from '@leadline/service-kit/share-commits';
import type { Sql } from '@leadline/database/sql';
import type { Log } from '@leadline/service-kit/logger';
import type { CrmClient } from './crm-client.ts';
import type { PushPolicy } from './decide-push.ts';
import type { Metrics } from './metrics.ts';
import type { MobileLocks } from './mobile-locks.ts';
import type { TaskMapping } from './to-crm-task.ts';

/** What the pusher's functions use. */
export type Deps = {
  postgres: Database;
  /** Steps of calls that may share a transaction, each with its call locked. */
  commits: SharedCommits<Sql>;
  crm: CrmClient;
  locks: MobileLocks;
  now: (databaseTime: Date) => Date;
  policy: PushPolicy & {
    sweepAfterMs: number;
    /** The age up to which we push calls of the old program; null leaves them to it. */
    oldCallsMaxAgeDays: number | null;
  };
  mapping: TaskMapping;
  metrics: Metrics;
  log: Log;
};
