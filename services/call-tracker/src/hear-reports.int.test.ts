import { readHearing } from '@leadline/database/report-hearing';
import { provision } from '@leadline/messaging/provision';
import { createLogger } from '@leadline/service-kit/logger';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hearReports } from './hear-reports.ts';

let database: TestDatabase;
let nats: TestNats;
let hearing: ReturnType<typeof hearReports>;
let told: { rooms?: string[] }[];
beforeEach(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  await database.query(`update report_hearing set heard_since = '2026-01-01', heard_until = '2026-01-01'`);
  told = [];
  hearing = hearReports({
    postgres: await database.open('callTracker'),
    nats: await nats.connect('call-tracker'),
    log: createLogger({ service: 'test', level: 'error' }, { write: (line) => void told.push(JSON.parse(line)) }),
  });
});
afterEach(async () => {
  await hearing.stop();
  await nats.close();
  await database.drop();
});

const behindMs = async (): Promise<number> => (await readHearing((await database.open('dispatcher', 1)).sql)).behindMs;

test('the row goes on while reports are heard, and stands still while their durable is gone', async () => {
  await until('they are heard', async () => (await behindMs()) < 1_500);
  expect(hearing.state()).toBe(true);
  const provisioner = await nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.delete('AGENT', 'call-tracker-agent');
  await wait(3_000);
  expect(await behindMs()).toBeGreaterThan(1_900);
  expect(hearing.state()).toBe('agents’ reports do not arrive');
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

test('a stream that was lost and made again is told, with the calls whose reports may be gone', async () => {
  await until('they are heard', async () => (await behindMs()) < 1_500);
  const room = 'call-1-abcdefghijkl';
  await database.query(
    `with lead as (insert into leads (name, phone, source) values ('Ravi', '+919876543210', 'test') returning id, phone),
          call as (insert into calls (lead_id, phone, call_room, attempt) select id, phone, $1, 1 from lead returning *)
     insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     select id, lead_id, 1, phone, 'a dispatcher', clock_timestamp(), clock_timestamp() from call`,
    [room],
  );
  const provisioner = await nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await manager.streams.delete('AGENT');
  await wait(2_000);
  await provision(provisioner);
  const named = (): unknown[] => told.flatMap(({ rooms }) => rooms ?? []);
  await until('it is told', () => named().length > 0);
  await wait(1_500);
  expect(named()).toEqual([room]);
});
