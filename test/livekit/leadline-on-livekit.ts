import type { Database } from '@leadline/database/open-database';
import { serviceOf, type ServiceName } from '@leadline/contracts/services';
import { freePort } from '@leadline/servers/free-port';
import { openLiveKit } from '@leadline/telephony/livekit';
import { testDatabase } from '@leadline/testing/database';
import { testNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { test as testTimings, withTimings, type Settings } from '@leadline/world/timings';
import { toSettings } from '@leadline/world/to-settings';
import type { Part } from '@leadline/time/part';
import { readCallTrackerConfig } from '../../services/call-tracker/src/config.ts';
import { start as startCallTracker } from '../../services/call-tracker/src/start.ts';
import { readDispatcherConfig } from '../../services/dispatcher/src/config.ts';
import { start as startDispatcher } from '../../services/dispatcher/src/start.ts';
import { startRealLiveKit } from './real-livekit.ts';

export type LeadlineOnLiveKit = Awaited<ReturnType<typeof startLeadlineOnLiveKit>>;

/**
 * A real livekit-server that sends its webhooks to our call-tracker, over a real Postgres and a real nats-server; `dispatcher`
 * starts one too. There is no SIP bridge: `createSipParticipant` fails, so nobody is ever rung.
 */
export async function startLeadlineOnLiveKit(options: { agentName: string; settings?: Settings }) {
  const [db, nats, trackerPort] = await Promise.all([testDatabase(), testNats(), freePort()]);
  const livekit = await startRealLiveKit({ webhookUrl: `http://127.0.0.1:${trackerPort}/webhooks/livekit` });
  const ours = openLiveKit({ ...livekit, agentName: options.agentName });
  const shiftMs = untilNoonMs(new Date());
  const parts: Part[] = [];
  const keys = {
    apiKey: 'test-api-key-of-website',
    opsKey: 'test-ops-key-of-operators',
    agentKey: 'test-agent-key-over-http',
    liveKitKey: livekit.apiKey,
    liveKitSecret: livekit.apiSecret,
    crmKey: 'test-crm-key',
    trunkId: 'ST_test',
  };
  const patient = {
    calls: { RING_SECONDS: '10', MAX_CALL_SECONDS: '120' },
    dispatcher: {
      AGENT_WAIT_SECONDS: '30',
      AGENT_NAME: options.agentName,
      // The simulator's own window works only against it.
      CALL_WINDOW: 'daily 09:00-21:00',
      ...options.settings,
    },
  };
  const settingsOf = (service: ServiceName): Settings =>
    toSettings(serviceOf(service).key, {
      servers: { databaseUrl: db.roleUrls[serviceOf(service).key], nats: { url: nats.url, ...nats.user(service) } },
      simulator: { url: livekit.url },
      port: service === 'call-tracker' ? trackerPort : undefined,
      keys,
      timings: withTimings(testTimings, patient),
    });
  const connect = async (service: ServiceName) => {
    const postgres: Database = await db.open(serviceOf(service).key, 10);
    const connection = await nats.connect(service);
    const now = (databaseTime: Date): Date => new Date(databaseTime.getTime() + shiftMs);
    return { postgres, nats: connection, livekit: ours, fetch, now, log: silentLog };
  };
  const config = readCallTrackerConfig({ ...settingsOf('call-tracker'), AGENT_NAME: options.agentName });
  parts.push(await startCallTracker(config, await connect('call-tracker')));
  return {
    db,
    nats,
    livekit,
    keys,
    /** So far our services' clock is ahead of the database's. */
    shiftMs,
    trackerUrl: `http://127.0.0.1:${trackerPort}`,
    /** Starts a dispatcher beside the tracker. */
    async startDispatcher(): Promise<void> {
      parts.push(await startDispatcher(readDispatcherConfig(settingsOf('dispatcher')), await connect('dispatcher')));
    },
    async stop(): Promise<void> {
      for (const part of parts.toReversed()) await part.stop();
      await livekit.stop();
      await nats.close();
      await db.drop();
    },
  };
}

/** The clock of our services stands at the next noon in India: calls are allowed then, whenever the test runs. */
function untilNoonMs(now: Date): number {
  const dayMs = 86_400_000;
  const noonMs = 6.5 * 3_600_000;
  return (noonMs - (now.getTime() % dayMs) + dayMs) % dayMs;
}
