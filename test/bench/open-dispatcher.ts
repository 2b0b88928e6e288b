import { openDatabase, type Database } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { openLiveKit } from '@leadline/telephony/livekit';
import { toLiveKitLogin } from '@leadline/service-kit/shared-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { bench, type Settings } from '@leadline/world/timings';
import { toSettings } from '@leadline/world/to-settings';
import { readDispatcherConfig, toPolicy } from '../../services/dispatcher/src/config.ts';
import { openCommits } from '../../services/dispatcher/src/open-commits.ts';
import type { Deps } from '../../services/dispatcher/src/deps.ts';
import { createMetrics } from '../../services/dispatcher/src/metrics.ts';
import { nothingLost } from '../../services/dispatcher/test/open-deps.ts';
import { keys, nobody, type Stand } from './servers.ts';

/** The settings of a dispatcher with caps wide open. Nobody answers as LiveKit. */
export function toDispatcher(stand: Stand): Settings {
  return toSettings('dispatcher', { servers: stand.servers('dispatcher'), simulator: nobody, keys, timings: bench });
}

/** What the dispatcher's steps touch, in this process. */
export async function openDispatcher(
  settings: Record<string, string | undefined>,
): Promise<{ deps: Deps; close(): Promise<void> }> {
  const config = readDispatcherConfig(settings);
  const postgres: Database = await openDatabase({
    url: config.DATABASE_URL,
    name: 'bench',
    poolSize: 2,
    plans: 'once',
  });
  const nats = await connectNats({
    url: config.NATS_URL,
    user: config.NATS_USER,
    pass: config.NATS_PASS,
    name: 'bench',
    log: silentLog,
  });
  const deps: Deps = {
    ...nothingLost,
    postgres,
    commits: openCommits(postgres),
    nats,
    log: silentLog,
    metrics: createMetrics(),
    policy: toPolicy(config),
    owner: 'bench',
    livekit: openLiveKit(toLiveKitLogin(config)),
    now: (databaseTime) => databaseTime,
    random: Math.random,
  };
  return {
    deps,
    async close() {
      await nats.close();
      await postgres.close();
    },
  };
}
