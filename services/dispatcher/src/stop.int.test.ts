import { openLiveKit, type LiveKit } from '@leadline/telephony/livekit';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDispatcherConfig } from './config.ts';
import { start } from './start.ts';

let database: TestDatabase;
let nats: TestNats;
beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});

/** Takes every agent's dispatch, and no agent ever comes. */
const withoutAgents: LiveKit = {
  ...openLiveKit({ url: 'http://127.0.0.1:9', apiKey: 'none', apiSecret: 'none' }),
  isSimulator: () => Promise.resolve(true),
  dispatchAgent: () => Promise.resolve(),
  look: () => Promise.resolve({ leg: undefined, agentPresent: false }),
  endRoom: () => Promise.resolve(),
};

test('told to stop in the midst of a backlog, a dispatcher claims no more of it and puts back what it has not sent', async () => {
  const leads = 2_000;
  await database.query(
    `insert into leads (name, phone, source)
     select 'Asha', '+9198' || lpad(n::text, 8, '0'), 'website' from generate_series(1, $1::int) as n`,
    [leads],
  );
  const config = readDispatcherConfig({
    DATABASE_URL: database.roleUrls.dispatcher,
    NATS_URL: nats.url,
    LIVEKIT_URL: 'http://127.0.0.1:9',
    LIVEKIT_API_KEY: 'none',
    LIVEKIT_API_SECRET: 'none',
    SIP_TRUNK_ID: 'ST_test',
    OPS_KEY: 'key-of-operators-in-tests',
    ADMIN_PORT: '0',
    CALL_WINDOW: 'simulated',
    AGENT_WAIT_SECONDS: '60',
    CALLS_PER_SECOND: '1000',
    MAX_CONCURRENT_CALLS: '10000',
  });
  const dispatcher = await start(config, {
    postgres: await database.open('dispatcher', 20),
    nats: await nats.connect('dispatcher'),
    livekit: withoutAgents,
    now: (databaseTime) => databaseTime,
    log: silentLog,
  });
  const count = async (where: string): Promise<number> =>
    (await database.query<{ n: number }>(`select count(*)::int as n from dials where ${where}`))[0]?.n ?? 0;
  await until('some are claimed', async () => (await count('true')) > 20);
  await dispatcher.stop();
  expect(await count('true')).toBeLessThan(leads / 2);
  expect(await count('sent_at is null and revoked_at is null')).toBe(0);
  expect(await count(`put_back_reason = 'dispatcher_stopping'`)).toBe(await count('true'));
});
