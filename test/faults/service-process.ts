import { runService } from '@leadline/frame/run-service';
import { toLiveKitLogin } from '@leadline/service-kit/shared-settings';

// One service as in its own main.ts, but for the clock: the campaign may shift it while it runs. It is started again
// and again, so it reads no other service's code.
let shiftMs = 0;
process.on('message', (message) => {
  if (typeof message === 'object' && message !== null && 'shiftMs' in message) shiftMs = Number(message.shiftMs);
});
const now = (databaseTime: Date): Date => new Date(databaseTime.getTime() + shiftMs);

const service = process.argv[2] ?? '';
switch (service) {
  case 'ingest': {
    const { readIngestConfig } = await import('../../services/ingest/src/config.ts');
    const { start } = await import('../../services/ingest/src/start.ts');
    await runService({ service, poolSize: 8, config: () => readIngestConfig(process.env), start });
    break;
  }
  case 'dispatcher': {
    const { readDispatcherConfig } = await import('../../services/dispatcher/src/config.ts');
    const { start } = await import('../../services/dispatcher/src/start.ts');
    const { openLiveKit } = await import('@leadline/telephony/livekit');
    await runService({
      service,
      poolSize: 20,
      plans: 'once',
      config: () => readDispatcherConfig(process.env),
      start: (config, servers) => start(config, { ...servers, now, livekit: openLiveKit(toLiveKitLogin(config)) }),
    });
    break;
  }
  case 'call-tracker': {
    const { readCallTrackerConfig } = await import('../../services/call-tracker/src/config.ts');
    const { start } = await import('../../services/call-tracker/src/start.ts');
    const { openLiveKit } = await import('@leadline/telephony/livekit');
    await runService({
      service,
      poolSize: 15,
      config: () => readCallTrackerConfig(process.env),
      start: (config, servers) => start(config, { ...servers, now, livekit: openLiveKit(toLiveKitLogin(config)) }),
    });
    break;
  }
  case 'crm-pusher': {
    const { readCrmPusherConfig } = await import('../../services/crm-pusher/src/config.ts');
    const { start } = await import('../../services/crm-pusher/src/start.ts');
    await runService({
      service,
      poolSize: 10,
      config: () => readCrmPusherConfig(process.env),
      start: (config, servers) => start(config, { ...servers, now, fetch }),
    });
    break;
  }
  case 'dashboard': {
    const { readDashboardConfig } = await import('../../services/dashboard/src/config.ts');
    const { start } = await import('../../services/dashboard/src/start.ts');
    await runService({
      service,
      poolSize: 10,
      config: () => readDashboardConfig(process.env),
      start: (config, servers) => start(config, { ...servers, now, opsNats: undefined, fetch }),
    });
    break;
  }
  default:
    throw new Error(`there is no service ${service}`);
}
