import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchPreviousVersion, type PreviousVersion } from './previous-version.ts';
import { numberEnding, startSystem, type System } from './system.ts';

let previous: PreviousVersion | undefined;
let missing = '';
let system: System;
const old: ChildProcess[] = [];

beforeAll(async () => {
  previous = await fetchPreviousVersion().catch((error: unknown) => {
    missing = error instanceof Error ? error.message : String(error);
    return undefined;
  });
  // The new schema, streams and services: what an upgrade's set-up has made before the first service is replaced.
  if (previous !== undefined) system = await startSystem();
}, 300_000);
afterAll(async () => {
  await Promise.all(old.map((child) => endProcess(child, 'SIGTERM', 10_000)));
  await system?.stop();
});

/** A service of the version before, as its own process on the new schema. Resolves when it is ready. */
async function startOld(folder: string, name: string, env: Record<string, string>): Promise<ChildProcess> {
  const adminPort = String(await freePort());
  const child = spawn(process.execPath, [join(folder, 'services', name, 'src/main.ts')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...env,
      LOG_LEVEL: 'warn',
      ADMIN_PORT: adminPort,
      PORT: String(await freePort()),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  endWithUs(child);
  old.push(child);
  await until(`the old ${name} is ready`, async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
  });
  return child;
}

test(
  'services of the version before and of this one work on one schema while leads flow, and one after the other goes',
  { timeout: 300_000 },
  async ({ skip }) => {
    if (previous === undefined) return skip(missing);
    const { folder } = previous;
    const [oldDispatcher, oldTracker, oldPusher] = await Promise.all([
      startOld(folder, 'dispatcher', system.settingsOf('dispatcher')),
      startOld(folder, 'call-tracker', system.settingsOf('call-tracker')),
      startOld(folder, 'crm-pusher', system.settingsOf('crm-pusher')),
    ]);
    const ids: number[] = [];
    const post = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) ids.push(await system.post(numberEnding(n % 4 === 3 ? '1042' : '2042')));
    };
    const allPushed = (): Promise<unknown> => Promise.all(ids.map((id) => system.callIs(id, 'pushed', 90_000)));

    await post(12);
    await allPushed();
    // Both took part, or nothing is proved.
    const owners = await system.db.query<{ owner: string; n: number }>(
      `select owner, count(*)::int as n from dials group by owner`,
    );
    expect(owners.length).toBeGreaterThan(1);

    // A rolling update, seen from the old side: each leaves while leads flow.
    for (const child of [oldPusher, oldTracker, oldDispatcher]) {
      await post(4);
      await endProcess(child, 'SIGTERM', 30_000);
      expect(child.exitCode).toBe(0);
    }
    await post(4);
    await allPushed();

    const numbers = await system.db.query<{ phone: string }>(`select phone from leads where id = any($1)`, [ids]);
    expect(numbers.map(({ phone }) => [phone, system.invites(phone)])).toEqual(numbers.map(({ phone }) => [phone, 1]));
    expect(system.crm().filter((line) => line.event === 'task.created')).toHaveLength(ids.length);
    expect(await system.db.query(`select * from odd_steps`)).toEqual([]);
    for (const outbox of ['ingest', 'dispatcher', 'call_tracker', 'crm_pusher'])
      expect(
        await system.db.query(`select subject, last_error from ${outbox}_outbox where failed_at is not null`),
      ).toEqual([]);
  },
);
