import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { runService } from '@leadline/service-kit/run-service';
import { readIngestConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'ingest',
  config: () => readIngestConfig(process.env),
  async start(config, log) {
    const postgres = await openDatabase({ url: config.DATABASE_URL, name: 'ingest', poolSize: 8 });
    const nats = await connectNats({
      url: config.NATS_URL,
      user: config.NATS_USER,
      pass: config.NATS_PASS,
      name: 'ingest',
      log,
    });
    const running = await start(config, { postgres, nats, log });
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
