import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import type { Log } from '@leadline/service-kit/logger';
import { runService, type RunningService } from '@leadline/service-kit/run-service';
import { openLiveKit } from '@leadline/telephony/livekit';
import { readCallTrackerConfig } from '../../services/call-tracker/src/config.ts';
import { start as startCallTracker } from '../../services/call-tracker/src/start.ts';
import { readCrmPusherConfig } from '../../services/crm-pusher/src/config.ts';
import { start as startCrmPusher } from '../../services/crm-pusher/src/start.ts';
import { readDashboardConfig } from '../../services/dashboard/src/config.ts';
import { start as startDashboard } from '../../services/dashboard/src/start.ts';
import { readDispatcherConfig } from '../../services/dispatcher/src/config.ts';
import { start as startDispatcher } from '../../services/dispatcher/src/start.ts';
import { readIngestConfig } from '../../services/ingest/src/config.ts';
import { start as startIngest } from '../../services/ingest/src/start.ts';

// One service as in its own main.ts, but for the clock: the campaign may shift it while it runs.
let shiftMs = 0;
process.on('message', (message) => {
  if (typeof message === 'object' && message !== null && 'shiftMs' in message) shiftMs = Number(message.shiftMs);
});
const now = (databaseTime: Date): Date => new Date(databaseTime.getTime() + shiftMs);

type Servers = {
  LOG_LEVEL: string;
  DATABASE_URL: string;
  NATS_URL: string;
  NATS_USER?: string | undefined;
  NATS_PASS?: string | undefined;
};
type Ground = { postgres: Awaited<ReturnType<typeof openDatabase>>; nats: Awaited<ReturnType<typeof connectNats>> };

function run<C extends Servers>(
  service: string,
  poolSize: number,
  config: () => C,
  start: (config: C, around: Ground & { now: typeof now; log: Log }) => Promise<RunningService>,
): Promise<void> {
  return runService({
    service,
    config,
    async start(settings, log) {
      const postgres = await openDatabase({ url: settings.DATABASE_URL, name: service, poolSize });
      const nats = await connectNats({
        url: settings.NATS_URL,
        user: settings.NATS_USER,
        pass: settings.NATS_PASS,
        name: service,
        log,
      });
      const running = await start(settings, { postgres, nats, now, log });
      return {
        done: running.done,
        async stop() {
          await running.stop();
          await nats.close();
          await postgres.close();
        },
      };
    },
  });
}

type LiveKitSettings = { LIVEKIT_URL: string; LIVEKIT_API_KEY: string; LIVEKIT_API_SECRET: string };
const liveKitOf = (config: LiveKitSettings) =>
  openLiveKit({
    url: config.LIVEKIT_URL,
    apiKey: config.LIVEKIT_API_KEY,
    apiSecret: config.LIVEKIT_API_SECRET,
  });

const service = process.argv[2] ?? '';
switch (service) {
  case 'ingest':
    await run('ingest', 8, () => readIngestConfig(process.env), startIngest);
    break;
  case 'dispatcher':
    await run(
      'dispatcher',
      20,
      () => readDispatcherConfig(process.env),
      (config, around) => startDispatcher(config, { ...around, livekit: liveKitOf(config) }),
    );
    break;
  case 'call-tracker':
    await run(
      'call-tracker',
      15,
      () => readCallTrackerConfig(process.env),
      (config, around) => startCallTracker(config, { ...around, livekit: liveKitOf(config) }),
    );
    break;
  case 'crm-pusher':
    await run(
      'crm-pusher',
      10,
      () => readCrmPusherConfig(process.env),
      (config, around) => startCrmPusher(config, { ...around, fetch }),
    );
    break;
  case 'dashboard':
    await run(
      'dashboard',
      10,
      () => readDashboardConfig(process.env),
      (config, around) => startDashboard(config, { ...around, opsNats: undefined, fetch }),
    );
    break;
  default:
    throw new Error(`there is no service ${service}`);
}
