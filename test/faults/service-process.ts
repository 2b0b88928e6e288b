import { runService } from '@leadline/frame/run-service';
import { toLiveKitLogin } from '@leadline/service-kit/shared-settings';
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

const service = process.argv[2] ?? '';
switch (service) {
  case 'ingest':
    await runService({ service, poolSize: 8, config: () => readIngestConfig(process.env), start: startIngest });
    break;
  case 'dispatcher':
    await runService({
      service,
      poolSize: 20,
      config: () => readDispatcherConfig(process.env),
      start: (config, servers) =>
        startDispatcher(config, { ...servers, now, livekit: openLiveKit(toLiveKitLogin(config)) }),
    });
    break;
  case 'call-tracker':
    await runService({
      service,
      poolSize: 15,
      config: () => readCallTrackerConfig(process.env),
      start: (config, servers) =>
        startCallTracker(config, { ...servers, now, livekit: openLiveKit(toLiveKitLogin(config)) }),
    });
    break;
  case 'crm-pusher':
    await runService({
      service,
      poolSize: 10,
      config: () => readCrmPusherConfig(process.env),
      start: (config, servers) => startCrmPusher(config, { ...servers, now, fetch }),
    });
    break;
  case 'dashboard':
    await runService({
      service,
      poolSize: 10,
      config: () => readDashboardConfig(process.env),
      start: (config, servers) => startDashboard(config, { ...servers, now, opsNats: undefined, fetch }),
    });
    break;
  default:
    throw new Error(`there is no service ${service}`);
}
