import { openDatabase, type Database } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { openLiveKit } from '@leadline/telephony/livekit';
import { silentLog } from '@leadline/testing/silent-log';
import { readDispatcherConfig, toPolicy } from '../../services/dispatcher/src/config.ts';
import type { Deps } from '../../services/dispatcher/src/deps.ts';
import { createMetrics } from '../../services/dispatcher/src/metrics.ts';

/** What the dispatcher's steps touch, in this process and with caps wide open. Nobody answers as LiveKit. */
export async function openDispatcher(
  settings: Record<string, string | undefined>,
): Promise<{ deps: Deps; close(): Promise<void> }> {
  const config = readDispatcherConfig({
    ...settings,
    LIVEKIT_URL: 'http://127.0.0.1:9',
    LIVEKIT_API_KEY: 'bench',
    LIVEKIT_API_SECRET: 'bench'.padEnd(32, '-'),
    SIP_TRUNK_ID: 'ST_bench',
    CALL_WINDOW: 'simulated',
    MAX_CONCURRENT_CALLS: '10000',
    CALLS_PER_SECOND: '1000',
    OPS_KEY: 'bench-ops-key-of-nobody',
  });
  const postgres: Database = await openDatabase({ url: config.DATABASE_URL, name: 'bench', poolSize: 2 });
  const nats = await connectNats({
    url: config.NATS_URL,
    user: config.NATS_USER,
    pass: config.NATS_PASS,
    name: 'bench',
    log: silentLog,
  });
  const deps: Deps = {
    postgres,
    nats,
    log: silentLog,
    metrics: createMetrics(),
    policy: toPolicy(config),
    owner: 'bench',
    livekit: openLiveKit({ url: config.LIVEKIT_URL, apiKey: 'bench', apiSecret: config.LIVEKIT_API_SECRET }),
    now: (databaseTime) => databaseTime,
    random: Math.random,
    reports: { isHeard: () => Promise.resolve(true as const) },
    generation: {
      knowledge: () => Promise.resolve('current'),
      holds: () => Promise.resolve(true),
      compare: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
    },
  };
  return {
    deps,
    async close() {
      await nats.close();
      await postgres.close();
    },
  };
}
