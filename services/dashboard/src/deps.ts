import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import type { Log } from '@leadline/service-kit/logger';
import type { Metrics } from './metrics.ts';
import type { Rates } from './minutes-rule.ts';
import type { SingleSignOn } from './accounts/single-sign-on.ts';

/** What the dashboard's functions use. */
export type Deps = {
  postgres: Database;
  nats: Nats;
  /** The connection as `ops`, the only user who may send dead letters back; undefined if it is not configured. */
  opsNats: Nats | undefined;
  now: (databaseTime: Date) => Date;
  fetch: typeof fetch;
  rates: Rates;
  pulseSeconds: number;
  sessionHours: number;
  /** Browsers reach us over https, so cookies are for https only. */
  isSecure: boolean;
  origin: string;
  /** The number of our proxies in front of the dashboard. */
  proxies: number;
  singleSignOn: SingleSignOn | undefined;
  ingestUrl: string | undefined;
  metrics: Metrics;
  log: Log;
};
