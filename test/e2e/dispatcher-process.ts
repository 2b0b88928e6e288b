import { openDatabase } from '@leadline/database/open-database';
import { connectNats } from '@leadline/messaging/connect';
import { createLogger } from '@leadline/service-kit/logger';
import { openLiveKit, type LiveKit } from '@leadline/telephony/livekit';
import { readDispatcherConfig } from '../../services/dispatcher/src/config.ts';
import { start } from '../../services/dispatcher/src/start.ts';

// A dispatcher that tests freeze and kill: what freezes it is put in from outside, through `start`.
const config = readDispatcherConfig(process.env);
const log = createLogger({ service: 'dispatcher', level: config.LOG_LEVEL });
const real = openLiveKit({
  url: config.LIVEKIT_URL,
  apiKey: config.LIVEKIT_API_KEY,
  apiSecret: config.LIVEKIT_API_SECRET,
  agentName: config.AGENT_NAME,
});
const livekit: LiveKit = {
  ...real,
  async dial(request) {
    if (process.env['FREEZE_AT_DIAL'] !== undefined) process.kill(process.pid, 'SIGSTOP');
    return real.dial(request);
  },
};
await start(config, {
  postgres: await openDatabase({ url: config.DATABASE_URL, name: 'dispatcher', plans: 'once' }),
  nats: await connectNats({
    url: config.NATS_URL,
    user: config.NATS_USER,
    pass: config.NATS_PASS,
    name: 'dispatcher',
    log,
  }),
  livekit,
  now: (databaseTime) => databaseTime,
  log,
});
