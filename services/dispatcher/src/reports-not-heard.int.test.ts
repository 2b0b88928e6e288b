import { explain } from '@leadline/contracts/commands/lead';
import { ask } from '@leadline/messaging/ask';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { withoutAgents } from '../test/open-deps.ts';
import { readDispatcherConfig } from './config.ts';
import { start, type Dispatcher } from './start.ts';

let database: TestDatabase;
let nats: TestNats;
let dispatcher: Dispatcher;
beforeEach(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  await heardAgo(600);
  dispatcher = await start(
    readDispatcherConfig(testSettings('dispatcher', { db: database, nats }, { AGENT_WAIT_SECONDS: '2' })),
    {
      postgres: await database.open('dispatcher', 20),
      nats: await nats.connect('dispatcher'),
      livekit: withoutAgents,
      now: (databaseTime) => databaseTime,
      log: silentLog,
    },
  );
});
afterEach(async () => {
  await dispatcher.stop();
  await nats.close();
  await database.drop();
});

async function heardAgo(seconds: number): Promise<void> {
  await database.query(`update report_hearing set heard_until = clock_timestamp() - make_interval(secs => $1)`, [
    seconds,
  ]);
}

test('while agents’ reports are not heard nobody is claimed, and explain, readyz and health say so; then dialling goes on', async () => {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Asha', '+919812345678', 'website') returning id`,
  );
  const ops = await nats.connect('ops');
  const explained = (): Promise<unknown> => ask(ops, explain, { leadId: lead?.id ?? 0 });
  const ready = async (): Promise<unknown> => (await fetch(`${dispatcher.adminUrl}/readyz`)).json();
  await until('all else is in order', async () => {
    const answer = z.looseObject({ streams: z.unknown() }).parse(await ready());
    return answer.streams === true;
  });
  expect(await ready()).toMatchObject({ ready: false, reports: expect.stringMatching(/^not heard for 60\d s$/) });
  expect(await explained()).toMatchObject({ kind: 'wait', reason: 'reports_not_heard' });
  await wait(3_000);
  expect(await database.query('select from dials')).toEqual([]);
  await heardAgo(1);
  await until('it is claimed', async () => (await database.query('select from dials')).length === 1);
  expect(await ready()).toMatchObject({ ready: true, reports: true });
});
