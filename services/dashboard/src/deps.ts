import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import type { Log } from '@leadline/service-kit/logger';
import type { Metrics } from './metrics.ts';
import type { Rates } from './minutes-rule.ts';
import type { SingleSignOn } from './accounts/single-sign-on.ts';

/** What the dashboard's steps touch. */
export type Deps = {
  postgres: Database;
  nats: Nats;
  /** Connected as `ops`, who alone may send dead letters back; undefined where no such user is set. */
  opsNats: Nats | undefined;
  now: (databaseTime: Date) => Date;
  fetch: typeof fetch;
  rates: Rates;
  pulseSeconds: number;
  sessionHours: number;
  /** Browsers reach it by https: cookies are for https only. */
  isSecure: boolean;
  origin: string;
  /** Proxies of ours before it. */
  proxies: number;
  singleSignOn: SingleSignOn | undefined;
  ingestUrl: string | undefined;
  metrics: Metrics;
  log: Log;
};
