import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { runService } from '@leadline/service-kit/run-service';
import { openLiveKit } from '@leadline/telephony/livekit';
import { readDispatcherConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'dispatcher',
  config: () => readDispatcherConfig(process.env),
  async start(config, log) {
    const postgres = await openDatabase({ url: config.DATABASE_URL, name: 'dispatcher', poolSize: 20 });
    const nats = await connectNats({
      url: config.NATS_URL,
      user: config.NATS_USER,
      pass: config.NATS_PASS,
      name: 'dispatcher',
      log,
    });
    const livekit = openLiveKit({
      url: config.LIVEKIT_URL,
      apiKey: config.LIVEKIT_API_KEY,
      apiSecret: config.LIVEKIT_API_SECRET,
    });
    const running = await start(config, { postgres, nats, livekit, now: (databaseTime) => databaseTime, log });
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
