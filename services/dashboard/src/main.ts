import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { runService } from '@leadline/service-kit/run-service';
import { readDashboardConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'dashboard',
  config: () => readDashboardConfig(process.env),
  async start(config, log) {
    const postgres = await openDatabase({ url: config.DATABASE_URL, name: 'dashboard' });
    const connection = { url: config.NATS_URL, name: 'dashboard', log };
    const nats = await connectNats({ ...connection, user: config.NATS_USER, pass: config.NATS_PASS });
    const opsNats =
      config.OPS_NATS_USER === undefined
        ? undefined
        : await connectNats({ ...connection, user: config.OPS_NATS_USER, pass: config.OPS_NATS_PASS });
    // A server without users lets everybody do everything.
    const redriveOver = opsNats ?? (config.NATS_USER === undefined ? nats : undefined);
    const running = await start(config, {
      postgres,
      nats,
      opsNats: redriveOver,
      fetch,
      log,
      now: (databaseTime) => databaseTime,
    });
    return {
      done: running.done,
      async stop() {
        await running.stop();
        await Promise.all([nats.close(), opsNats?.close()]);
        await postgres.close();
      },
    };
  },
});
