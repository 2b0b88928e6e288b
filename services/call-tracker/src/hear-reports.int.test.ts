import { readHearing } from '@leadline/database/report-hearing';
import { provision } from '@leadline/messaging/provision';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hearReports } from './hear-reports.ts';

let database: TestDatabase;
let nats: TestNats;
let hearing: ReturnType<typeof hearReports>;
beforeEach(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  await database.query(`update report_hearing set heard_since = '2026-01-01', heard_until = '2026-01-01'`);
  hearing = hearReports({
    postgres: await database.open('callTracker'),
    nats: await nats.connect('call-tracker'),
    log: silentLog,
  });
});
afterEach(async () => {
  await hearing.stop();
  await nats.close();
  await database.drop();
});

const behindMs = async (): Promise<number> => (await readHearing((await database.open('dispatcher', 1)).em())).behindMs;

test('the row goes on while reports are heard, and stands still while their durable is gone', async () => {
  await until('they are heard', async () => (await behindMs()) < 1_500);
  expect(hearing.state()).toBe(true);
  const provisioner = await nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.delete('AGENT', 'call-tracker-agent');
  await wait(3_000);
  expect(await behindMs()).toBeGreaterThan(1_900);
  expect(hearing.state()).toBe('agents’ reports can not be heard');
  await provision(provisioner);
  await until('they are heard again', async () => (await behindMs()) < 1_500);
  expect(hearing.state()).toBe(true);
});

test('it stands still while NATS is away, and before what nobody takes in', async () => {
  await until('they are heard', async () => (await behindMs()) < 1_500);
  await nats.server().kill();
  await wait(3_000);
  expect(await behindMs()).toBeGreaterThan(1_900);
  await nats.restart('kill');
  await until('they are heard again', async () => (await behindMs()) < 1_500);
  const agent = await nats.connect('agent');
  await agent.connection.jetstream().publish('agent.ready', '{}');
  await wait(3_000);
  expect(await behindMs()).toBeGreaterThan(1_900);
});
