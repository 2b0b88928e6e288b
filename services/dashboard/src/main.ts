import { runService } from '@leadline/frame/run-service';
import { readDashboardConfig } from './config.ts';
import { start } from './start.ts';

await runService({
  service: 'dashboard',
  plans: 'each_time',
  config: () => readDashboardConfig(process.env),
  async start(config, { connectAs, ...servers }) {
    const { OPS_NATS_USER, OPS_NATS_PASS } = config;
    // A server without users allows everything to everybody.
    const withoutOps = config.NATS_USER === undefined ? servers.nats : undefined;
    const opsNats = OPS_NATS_USER === undefined ? withoutOps : await connectAs(OPS_NATS_USER, OPS_NATS_PASS);
    return start(config, { ...servers, opsNats, fetch, now: (databaseTime) => databaseTime });
  },
});
