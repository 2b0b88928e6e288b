import { runService } from '@leadline/frame/run-service';
import { toLiveKitLogin } from '@leadline/service-kit/shared-settings';
import { openLiveKit } from '@leadline/telephony/livekit';
import { readCallTrackerConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'call-tracker',
  poolSize: 15,
  config: () => readCallTrackerConfig(process.env),
  start: (config, servers) =>
    start(config, { ...servers, livekit: openLiveKit(toLiveKitLogin(config)), now: (databaseTime) => databaseTime }),
});
