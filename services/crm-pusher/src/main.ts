import { runService } from '@leadline/frame/run-service';
import { readCrmPusherConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'crm-pusher',
  config: () => readCrmPusherConfig(process.env),
  start: (config, servers) => start(config, { ...servers, fetch, now: (databaseTime) => databaseTime }),
});
