import { oddities } from '@leadline/simulator/odd-answers';
import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testSettings, testSimulatorSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCrmPusherConfig } from './config.ts';
import { crmClient } from './crm-client.ts';
import type { Deps } from './deps.ts';
import { createMetrics } from './metrics.ts';
import { mobileLocks } from './mobile-locks.ts';
import { openCommits } from './open-commits.ts';
import { pushCall, type Pushed } from './push-call.ts';

// What a push becomes after each answer that the CRM may give to each of its four requests.
let db: TestDatabase;
let postgres: Awaited<ReturnType<TestDatabase['open']>>;
let crm: Simulator;
let folder: string;
let shiftMs = 0;

beforeAll(async () => {
  db = await testDatabase();
  postgres = await db.open('crmPusher');
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  shiftMs = 0;
  folder = mkdtempSync(join(tmpdir(), 'leadline-far-crm-'));
  crm = await startSimulator(readSimulatorConfig(testSimulatorSettings(folder)));
});
afterEach(async () => {
  await crm.stop();
  rmSync(folder, { recursive: true, force: true });
});

function deps(): Deps {
  const config = readCrmPusherConfig(
    testSettings('crmPusher', { db, simulatorUrl: crm.url }, { CRM_REQUESTS_PER_MINUTE: '10000' }),
  );
  const metrics = createMetrics();
  return {
    postgres,
    metrics,
    log: silentLog,
    mapping: { priority: 'normal' },
    now: (databaseTime) => new Date(databaseTime.getTime() + shiftMs),
    crm: crmClient(config, fetch, metrics),
    locks: mobileLocks(postgres.url),
    commits: openCommits(postgres),
    policy: { lookAgainMs: 120_000, lookGapMs: 30_000, sweepAfterMs: 120_000, oldCallsMaxAgeDays: null },
  };
}

let people = 0;
async function qualified(): Promise<number> {
  const phone = `+9198251${String(++people).padStart(5, '0')}`;
  const [call] = await db.query<{ id: number }>(
    `with lead as (insert into leads (name, phone, source, status) values ('Asha', $1, 'website', 'dispatched') returning id)
     insert into calls (lead_id, name, phone, source, status, attempt, agent_mode, qualification, call_room, call_ended_at)
     select id, 'Asha', $1, 'website', 'called', 1, 'sarvam', '{"budget":"8 lakh"}', 'call-' || $2::text || '-abcdefabcdef', now()
       from lead returning id`,
    [phone, people],
  );
  return call?.id ?? 0;
}
const faults = async (given: object): Promise<void> => {
  const response = await fetch(`${crm.url}/control/faults`, { method: 'POST', body: JSON.stringify({ crm: given }) });
  expect(response.ok).toBe(true);
};
const made = (event: string): number =>
  existsSync(crm.crmLog) ? readFileSync(crm.crmLog, 'utf8').split(`"${event}"`).length - 1 : 0;
/** Steps as the messages and the sweep bring them, each at the time it was put off to. */
async function pushOn(id: number, with_: Deps, steps: number): Promise<Pushed[]> {
  const done: Pushed[] = [];
  for (let n = 0; n < steps; n++) {
    const pushed = await pushCall(id, () => undefined, with_);
    done.push(pushed);
    if (pushed.kind !== 'later') break;
    shiftMs += pushed.afterMs + 1;
  }
  return done;
}
const kinds = (steps: Pushed[]): string[] =>
  steps.map((step) => (step.kind === 'later' ? step.because : step.kind === 'refused' ? step.errorClass : step.kind));

/** What the first step comes to. Afterwards the CRM answers as it should, and there must be one customer and one task. */
const becomes: Record<string, Partial<Record<(typeof oddities)[number], string>>> = {
  find_customer: {
    blank: 'success_without_success',
    white_space: 'success_without_success',
    null: 'success_without_success',
    empty_list: 'unreadable_list',
    empty_object: 'unreadable_list',
    error_row: 'unreadable_list',
    error_text: 'success_without_success',
    conflict: 'http_409',
    not_yet: 'http_425',
    refused: 'http_422',
  },
  create_customer: {
    blank: 'success_without_success',
    white_space: 'success_without_success',
    null: 'success_without_success',
    empty_list: 'customer_without_id',
    empty_object: 'customer_without_id',
    error_row: 'customer_without_id',
    error_text: 'success_without_success',
    conflict: 'conflict_409',
    not_yet: 'http_425',
    refused: 'refused_422',
  },
  find_task: {
    blank: 'success_without_success',
    white_space: 'success_without_success',
    null: 'success_without_success',
    empty_list: 'unreadable_list',
    empty_object: 'unreadable_list',
    error_row: 'unreadable_list',
    error_text: 'success_without_success',
    conflict: 'http_409',
    not_yet: 'http_425',
    refused: 'http_422',
  },
  create_task: {
    blank: 'success_without_success',
    white_space: 'success_without_success',
    null: 'success_without_success',
    empty_list: 'task_without_id',
    empty_object: 'task_without_id',
    error_row: 'task_without_id',
    error_text: 'success_without_success',
    conflict: 'conflict_409',
    not_yet: 'http_425',
    refused: 'refused_422',
  },
};

test.for(Object.keys(becomes).flatMap((to) => oddities.map((says) => [to, says] as const)))(
  '%s is answered %s, and then as it should: one customer, one task',
  async ([to, says]) => {
    const id = await qualified();
    const here = deps();
    await faults({ answers: [{ to, says, times: 1 }] });
    const first = await pushOn(id, here, 1);
    expect(kinds(first)).toEqual([becomes[to]?.[says]]);
    // A refusal is a dead letter, which somebody redrives.
    const rest = await pushOn(id, here, 8);
    expect(kinds(rest).at(-1)).toBe('done');
    expect([made('customer.created'), made('task.created')]).toEqual([1, 1]);
    expect(await db.query(`select status from calls where id = $1`, [id])).toEqual([{ status: 'pushed' }]);
  },
);

test('a customer whom the search does not know yet, and the create does, is found some seconds later', async () => {
  const [first, second] = [await qualified(), await qualified()];
  await db.query(`update calls set phone = (select phone from calls where id = $1) where id = $2`, [first, second]);
  await faults({ uniqueMobiles: true, searchLagMs: 1_500 });
  const here = deps();
  await pushOn(first, here, 1);
  const steps: string[] = [];
  for (let n = 0; n < 6 && steps.at(-1) !== 'done'; n++) {
    steps.push(...kinds(await pushOn(second, here, 1)));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(steps.slice(0, 2)).toEqual(['conflict_409', 'conflict_409']);
  expect(steps.at(-1)).toBe('done');
  expect([made('customer.created'), made('task.created')]).toEqual([1, 2]);
});

test('a 409 that keeps coming while the search finds nobody is a refusal after some looks; a redrive begins anew', async () => {
  const id = await qualified();
  const here = deps();
  await faults({ answers: [{ to: 'create_customer', says: 'conflict' }] });
  const steps = kinds(await pushOn(id, here, 20));
  expect(steps).toEqual([...Array.from({ length: 6 }, () => 'conflict_409'), 'refused_409']);
  expect(shiftMs).toBeLessThan(300_000);
  expect(await db.query(`select failed_at is not null as failed from crm_pushes where call_id = $1`, [id])).toEqual([
    { failed: true },
  ]);
  expect(kinds(await pushOn(id, here, 1))).toEqual(['conflict_409']);
  await faults({});
  expect(kinds(await pushOn(id, here, 2)).at(-1)).toBe('done');
  expect([made('customer.created'), made('task.created')]).toEqual([1, 1]);
});

test('a task that is refused as known is looked for, made again at most twice, and then refused', async () => {
  const id = await qualified();
  await faults({ answers: [{ to: 'create_task', says: 'conflict' }] });
  const steps = kinds(await pushOn(id, deps(), 30));
  expect(steps.filter((step) => step === 'conflict_409')).toHaveLength(3);
  expect(steps.filter((step) => step === 'empty_look')).toHaveLength(6);
  expect(steps.at(-1)).toBe('refused_409');
  expect(made('task.created')).toBe(0);
});

test('a CRM that answers every create of a customer without a word is asked ever more slowly', async () => {
  const id = await qualified();
  await faults({ answers: [{ to: 'create_customer', says: 'blank' }] });
  const waits = (await pushOn(id, deps(), 7)).map((outcome) =>
    outcome.kind === 'later' ? outcome.afterMs / 1_000 : outcome.kind,
  );
  expect(waits).toEqual([5, 10, 20, 40, 60, 60, 60]);
});
