import type { Database } from '@leadline/database/open-database';
import type { Log } from '@leadline/service-kit/logger';
import type { CrmClient } from './crm-client.ts';
import type { PushPolicy } from './decide-push.ts';
import type { Metrics } from './metrics.ts';
import type { MobileLocks } from './mobile-locks.ts';
import type { TaskMapping } from './to-crm-task.ts';

/** What the pusher's steps touch. */
export type Deps = {
  postgres: Database;
  crm: CrmClient;
  locks: MobileLocks;
  now: (databaseTime: Date) => Date;
  policy: PushPolicy & {
    sweepAfterMs: number;
    /** The old program's calls are pushed up to this age; null leaves them to it. */
    oldCallsMaxAgeDays: number | null;
  };
  mapping: TaskMapping;
  metrics: Metrics;
  log: Log;
};
