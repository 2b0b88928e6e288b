import { runService } from '@leadline/frame/run-service';
import { toLiveKitLogin } from '@leadline/service-kit/shared-settings';
import { openLiveKit } from '@leadline/telephony/livekit';
import { readDispatcherConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'dispatcher',
  poolSize: 20,
  // Postgres takes ten times longer to plan the statement of a lead's facts than to run it.
  plans: 'once',
  config: () => readDispatcherConfig(process.env),
  start: (config, servers) =>
    start(config, { ...servers, livekit: openLiveKit(toLiveKitLogin(config)), now: (databaseTime) => databaseTime }),
});
