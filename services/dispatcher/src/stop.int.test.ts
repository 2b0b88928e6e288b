import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutAgents } from '../test/open-deps.ts';
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

test('told to stop in the midst of a backlog, a dispatcher claims no more of it and puts back what it has not sent', async () => {
  const leads = 2_000;
  await database.query(
    `insert into leads (name, phone, source)
     select 'Asha', '+9198' || lpad(n::text, 8, '0'), 'website' from generate_series(1, $1::int) as n`,
    [leads],
  );
  const settings = { AGENT_WAIT_SECONDS: '60', CALLS_PER_SECOND: '1000', MAX_CONCURRENT_CALLS: '10000' };
  const config = readDispatcherConfig(testSettings('dispatcher', { db: database, nats }, settings));
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
