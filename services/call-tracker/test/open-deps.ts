import type { Database } from '@leadline/database/open-database';
import type { TestDatabase } from '@leadline/testing/database';
import { silentLog } from '@leadline/testing/silent-log';
import { testSettings } from '@leadline/world/test-settings';
import type { Deps } from '../src/deps.ts';
import { readCallTrackerConfig, toPolicy } from '../src/config.ts';
import { openBeats } from '../src/hear-beats.ts';
import { createMetrics } from '../src/metrics.ts';
import { openInputs } from '../src/track-call.ts';

/** A LiveKit that shows an empty room and does what it is told. */
export const emptyLiveKit: Deps['livekit'] = {
  look: () => Promise.resolve({ leg: undefined, agentPresent: false }),
  endRoom: () => Promise.resolve(),
  readJob: () => Promise.resolve(undefined),
  replaceAgent: () => Promise.resolve(),
  takeOut: () => Promise.resolve(),
};

/** What the tracker's steps touch, with an empty LiveKit and nothing in the background; `given` stands in its place. */
export function openDeps({ database, ...given }: { database: TestDatabase; postgres: Database } & Partial<Deps>): Deps {
  const around = { now: (databaseTime: Date) => databaseTime, ...given };
  return {
    livekit: emptyLiveKit,
    log: silentLog,
    metrics: createMetrics(),
    policy: toPolicy(readCallTrackerConfig(testSettings('callTracker', { db: database }))),
    inputs: openInputs(around),
    background: { run: () => undefined, stop: () => Promise.resolve() },
    failedSteps: new Map(),
    webhooks: { lastAt: null, refusedAt: null },
    beats: openBeats(),
    ...around,
  };
}
