import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { runService } from '@leadline/service-kit/run-service';
import { readCrmPusherConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'crm-pusher',
  config: () => readCrmPusherConfig(process.env),
  async start(config, log) {
    const postgres = await openDatabase({ url: config.DATABASE_URL, name: 'crm-pusher' });
    const nats = await connectNats({
      url: config.NATS_URL,
      user: config.NATS_USER,
      pass: config.NATS_PASS,
      name: 'crm-pusher',
      log,
    });
    const running = await start(config, { postgres, nats, fetch, now: (databaseTime) => databaseTime, log });
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
