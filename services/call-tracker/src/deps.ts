import type { Database } from '@leadline/database/open-database';
import type { Log } from '@leadline/service-kit/logger';
import type { LiveKit } from '@leadline/telephony/livekit';
import type { Beats } from './hear-beats.ts';
import type { Background } from './background.ts';
import type { Policy } from './call-facts.ts';
import type { Metrics } from './metrics.ts';
import type { Inputs } from './track-call.ts';

/** What the tracker's steps touch. There is one clock, the database's, read once a group and passed through `now`. */
export type Deps = {
  postgres: Database;
  livekit: Pick<LiveKit, 'look' | 'endRoom' | 'readJob' | 'replaceAgent' | 'takeOut'>;
  now: (databaseTime: Date) => Date;
  log: Log;
  metrics: Metrics;
  policy: Policy;
  inputs: Inputs;
  beats: Beats;
  /** When LiveKit’s webhooks came last to this process, by its clock; `refusedAt`: one that no key of ours had signed. */
  webhooks: { lastAt: Date | null; refusedAt: Date | null };
  /** Runs the requests to LiveKit, outside of transactions. */
  background: Background;
  /** How often in a row a due call's step has failed in this process because of the call itself. */
  failedSteps: Map<number, number>;
};
