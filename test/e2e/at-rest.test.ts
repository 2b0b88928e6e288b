import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDashboardConfig } from '../../services/dashboard/src/config.ts';
import { start as startDashboard } from '../../services/dashboard/src/start.ts';
import { numberEnding, startSystem, type System } from './system.ts';

/** All five services, each with one replica, look at what may have come without a word this often, all together. */
const mostCommitsPerSecond = 4.5;
const watchedMs = 20_000;

let system: System;
beforeAll(async () => {
  system = await startSystem();
  const settings = testSettings('dashboard', system, { RUPEES_PER_PULSE: '0.9' });
  const dashboard = await startDashboard(readDashboardConfig(settings), {
    postgres: await system.db.open('dashboard', 10),
    nats: await system.nats.connect('dashboard'),
    opsNats: undefined,
    fetch,
    now: (databaseTime) => databaseTime,
    log: silentLog,
  });
  system.services.push(dashboard);
});
afterAll(() => system.stop());

/** Transactions of this database; single statements are some of their own. */
async function commits(): Promise<number> {
  await system.db.query('select pg_stat_clear_snapshot()');
  const [found] = await system.db.query<{ n: number }>(
    `select xact_commit::int as n from pg_stat_database where datname = current_database()`,
  );
  return found?.n ?? 0;
}

test('with nothing to do the system hardly asks its database', { timeout: 120_000 }, async () => {
  const lead = await system.post(numberEnding('001'));
  await system.callIs(lead, 'pushed');
  // What follows the push, and what each backend has not counted yet.
  await wait(15_000);
  const before = await commits();
  await wait(watchedMs);
  const perSecond = ((await commits()) - before) / (watchedMs / 1_000);
  expect(perSecond).toBeGreaterThan(0);
  expect(perSecond).toBeLessThan(mostCommitsPerSecond);
});
