import { callQualified } from '@leadline/contracts/events/call-qualified';
import { erase } from '@leadline/contracts/commands/erase';
import { previewTask } from '@leadline/contracts/commands/test-call';
import { ask } from '@leadline/messaging/ask';
import { enqueue } from '@leadline/messaging/outbox';
import { listDeadLetters, redrive } from '@leadline/messaging/redrive';
import { startRelay, type Relay } from '@leadline/messaging/relay';
import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSettings, testSimulatorSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCrmPusherConfig } from './config.ts';
import { start, type CrmPusher } from './start.ts';

let db: TestDatabase;
let nats: TestNats;
let crm: Simulator;
let folder: string;
let relay: Relay;
const running: CrmPusher[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-crm-'));
  [db, nats] = await Promise.all([testDatabase(), testNats()]);
  crm = await startSimulator(readSimulatorConfig(testSimulatorSettings(folder)));
  const tracker = await nats.connect('call-tracker');
  relay = startRelay({ databaseUrl: db.roleUrls.callTracker, nats: tracker, service: 'call-tracker', log: silentLog });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((pusher) => pusher.stop()));
  await relay.stop();
  await crm.stop();
  await nats.close();
  await db.drop();
  rmSync(folder, { recursive: true, force: true });
});

const pusher = async (settings: Record<string, string> = {}, fetcher: typeof fetch = fetch): Promise<void> => {
  const usual = { CRM_REQUESTS_PER_MINUTE: '10000', CRM_LOOK_AGAIN_SECONDS: '2', CRM_LOOK_GAP_SECONDS: '1' };
  const config = readCrmPusherConfig(
    testSettings('crmPusher', { db, nats, simulatorUrl: crm.url }, { ...usual, ...settings }),
  );
  running.push(
    await start(config, {
      postgres: await db.open('crmPusher'),
      nats: await nats.connect('crm-pusher'),
      fetch: fetcher,
      now: (databaseTime) => databaseTime,
      log: silentLog,
    }),
  );
};

/** A `called` call as the tracker leaves it; `tell` publishes its event that often. */
async function qualified(
  options: { phone?: string; tell?: number; room?: string; source?: string } = {},
): Promise<{ id: number; leadId: number; room: string }> {
  const source = options.source ?? 'website';
  const phone = options.phone ?? '+919000000042';
  const [lead] = await db.query<{ id: number }>(
    `insert into leads (name, phone, source, status) values ('Asha Verma', $1, $2, 'dispatched') returning id`,
    [phone, source],
  );
  const [call] = await db.query<{ id: number }>(
    `insert into calls (lead_id, name, phone, source, status, attempt, agent_mode, qualification, call_ended_at, duration_seconds)
     values ($1, 'Asha Verma', $2, $3, 'called', 1, 'sarvam', '{"budget":"8 lakh"}', now(), 30) returning id`,
    [lead?.id, phone, source],
  );
  const id = call?.id ?? 0;
  const room = options.room ?? `call-${id}-abcdef123456`;
  await db.query(`update calls set call_room = $2 where id = $1`, [id, room]);
  const owner = await db.open('owner');
  await owner.transaction(async (sql) => {
    for (let n = 0; n < (options.tell ?? 1); n++) {
      await enqueue(sql, 'call-tracker', callQualified, {
        subject: `call/${id}`,
        data: { leadId: lead?.id ?? 0, source: 'website', room, callId: id, mode: 'sarvam' },
      });
    }
  });
  return { id, leadId: lead?.id ?? 0, room };
}
const faults = async (given: object): Promise<void> => {
  await fetch(`${crm.url}/control/faults`, { method: 'POST', body: JSON.stringify({ crm: given }) });
};
const log = (event: string): { id: string; room?: string; mobile?: string }[] =>
  existsSync(crm.crmLog)
    ? readFileSync(crm.crmLog, 'utf8')
        .split('\n')
        .filter((line) => line.includes(event))
        .map((line) => JSON.parse(line))
    : [];
/** The pusher gives its addresses as text. */
const isTask = (input: unknown): boolean => typeof input === 'string' && input.endsWith('/tasks');
const pushed = (id: number, withinMs = 60_000): Promise<{ crm_task_id: string }> =>
  until(
    `call ${id} is pushed`,
    async () =>
      (
        await db.query<{ crm_task_id: string }>(`select crm_task_id from calls where id = $1 and status = 'pushed'`, [
          id,
        ])
      )[0],
    withinMs,
  );

test('a qualified call becomes a customer and a task, and says so', async () => {
  await pusher();
  const call = await qualified();
  const { crm_task_id } = await pushed(call.id);
  expect(log('customer.created')).toEqual([expect.objectContaining({ mobile: '919000000042' })]);
  expect(log('task.created')).toEqual([expect.objectContaining({ id: crm_task_id, room: call.room })]);
  expect(await db.query(`select subject, payload->>'taskId' as task from crm_pusher_outbox`)).toEqual([
    { subject: 'call.pushed', task: crm_task_id },
  ]);
});

test('a test call gets no task, by event or sweep; what it would have got is told, of it alone', async () => {
  await pusher({ CRM_SWEEP_AFTER_SECONDS: '1' });
  const tested = await qualified({ source: 'test_call' });
  // As old as what the sweep looks for, and before a call that gets its task.
  await db.query(`update calls set updated_at = now() - interval '10 minutes' where id = $1`, [tested.id]);
  const other = await qualified({ phone: '+919000000043' });
  await pushed(other.id);
  await wait(3_000);
  expect(log('task.created').map(({ room }) => room)).toEqual([other.room]);
  expect(await db.query(`select status from calls where id = $1`, [tested.id])).toEqual([{ status: 'called' }]);
  expect(await db.query(`select call_id from crm_pushes where call_id = $1`, [tested.id])).toEqual([]);
  const ops = await nats.connect('ops');
  expect(await ask(ops, previewTask, { leadId: tested.leadId })).toMatchObject({
    answers: { budget: '8 lakh' },
    task: { titleType: 'followup', description: expect.stringContaining('8 lakh') as string },
  });
  expect(await ask(ops, previewTask, { leadId: other.leadId })).toBeNull();
  // Its person can be erased, although it waits for a task for ever.
  const erased = await ask(ops, erase['crm-pusher'], { phone: '+919000000042', who: 'a', reason: 'b', dryRun: true });
  expect(erased.left).toEqual([]);
});

test('the event three times and two pushers make one task', async () => {
  await Promise.all([pusher(), pusher()]);
  const call = await qualified({ tell: 3 });
  await pushed(call.id);
  await until('all are settled', async () => {
    const ops = await nats.connect('provisioner');
    const manager = await ops.connection.jetstreamManager();
    const { num_ack_pending: open, num_pending: waiting } = await manager.consumers.info('CALLS', 'crm-pusher');
    await ops.close();
    return open + waiting === 0;
  });
  expect(log('task.created')).toHaveLength(1);
});

test('two calls of one number at the same moment share one customer', async () => {
  await pusher();
  const calls = await Promise.all([qualified(), qualified(), qualified({ phone: '9000000042' })]);
  for (const call of calls) await pushed(call.id);
  expect(new Set(log('customer.created').map((line) => line.mobile)).size).toBe(log('customer.created').length);
  expect(log('task.created')).toHaveLength(3);
});

test('an answer that is lost after the task was made: the task is found, not made again', async () => {
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method === 'POST' && isTask(input) && lost++ === 0) throw new TypeError('fetch failed');
    return response;
  };
  await pusher({}, losing);
  const call = await qualified();
  const { crm_task_id } = await pushed(call.id);
  expect(log('task.created')).toEqual([expect.objectContaining({ id: crm_task_id })]);
});

test('an answer that is lost before the task was made: two empty looks, then one task', async () => {
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    if (init?.method === 'POST' && isTask(input) && lost++ === 0) throw new TypeError('fetch failed');
    return fetch(input, init);
  };
  await pusher({}, losing);
  const call = await qualified();
  await pushed(call.id);
  expect(lost).toBe(2);
  expect(log('task.created')).toHaveLength(1);
});

test('200 with an error body is no success and proves nothing', async () => {
  await pusher();
  await faults({ falseSuccess: true });
  const call = await qualified();
  await until(
    'it was tried',
    async () => (await db.query(`select 1 from crm_pushes where sent_at is not null`)).length === 1,
  );
  await faults({});
  await pushed(call.id);
  expect(log('task.created')).toHaveLength(1);
});

test('the CRM asks to wait: nothing is sent before, and no look is needed after', async () => {
  await pusher();
  await faults({ status: 429, retryAfterSeconds: 2 });
  const call = await qualified();
  await until(
    'it was asked to wait',
    async () => (await db.query(`select 1 from crm_pushes where last_error = 'rate_limited'`)).length === 1,
  );
  await faults({});
  await pushed(call.id);
  expect(log('task.created')).toHaveLength(1);
});

test('a CRM that is away for more tries than a message has deliveries costs delay: one delivery, no dead letter, one task', async () => {
  const manager = await (await nats.connect('provisioner')).connection.jetstreamManager({ checkAPI: false });
  await manager.consumers.update('CALLS', 'crm-pusher', { max_deliver: 2 });
  let tries = 0;
  await pusher({}, (input, init) => {
    if (++tries > 3) return fetch(input, init);
    return Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
  });
  const { room } = await qualified();
  await until('it is pushed', async () => log('task.created').length === 1);
  expect(log('task.created')[0]?.room).toBe(room);
  const told = await manager.consumers.info('CALLS', 'crm-pusher');
  expect([told.num_pending, told.num_ack_pending, told.num_redelivered]).toEqual([0, 0, 0]);
  expect(told.delivered.consumer_seq).toBe(1);
  expect(await listDeadLetters(await nats.connect('ops'))).toEqual([]);
});

test('a refusal for good is a dead letter and is told, and a redrive pushes when the cause is gone', async () => {
  await pusher();
  await faults({ refuseTasks: true });
  const call = await qualified();
  const ops = await nats.connect('ops');
  const letter = await until('it is set aside', async () => (await listDeadLetters(ops, { durable: 'crm-pusher' }))[0]);
  expect(letter.reason).toBe('crm_refused_422');
  expect(await db.query(`select subject, payload->>'errorClass' as class from crm_pusher_outbox`)).toEqual([
    { subject: 'call.push_failed', class: 'refused_422' },
  ]);
  await faults({});
  await redrive(ops, { seq: letter.seq, who: 'test' });
  await pushed(call.id);
});

test('our reference is matched whole, through all pages', async () => {
  await pusher();
  const first = await qualified();
  await pushed(first.id);
  const [customer] = log('customer.created');
  const task = (description: string) =>
    fetch(`${crm.url}/crm/v1/tasks`, {
      method: 'POST',
      headers: { 'x-tenant-api-key': testKeys.crmKey },
      body: JSON.stringify({ customerId: customer?.id, title: 't', description }),
    });
  const room = 'call-77-zzzzzzzzzzzz';
  await task(`[leadline:${room}x]`);
  for (let n = 0; n < 120; n++) await task(`other ${n}`);
  await task(`made by hand [leadline:${room}]`);
  const made = log('task.created').at(-1);
  const second = await qualified({ room });
  expect((await pushed(second.id)).crm_task_id).toBe(made?.id);
});

test('a call that no event told of is pushed by the sweep, an old program’s call never', async () => {
  await pusher({ CRM_SWEEP_AFTER_SECONDS: '1' });
  const call = await qualified({ tell: 0 });
  await db.query(`insert into calls (phone, status, qualification) values ('9000000001', 'called', '{"budget":"1"}')`);
  await pushed(call.id);
  expect(await db.query(`select 1 from calls where attempt is null and status = 'called'`)).toHaveLength(1);
  expect(log('task.created')).toHaveLength(1);
});

test.for(['erased', '12345', '+14155550123', ''])(
  'the CRM is asked for nobody where the number is "%s"',
  async (phone) => {
    await pusher({ CRM_SWEEP_AFTER_SECONDS: '1' });
    const call = await qualified({ tell: 0 });
    await db.query(`update calls set phone = $2, updated_at = now() - interval '1 day' where id = $1`, [
      call.id,
      phone,
    ]);
    const other = await qualified({ phone: '+919000000142' });
    await pushed(other.id);
    await until('it is given up', async () => {
      const failed = await db.query(`select from crm_pushes where call_id = $1 and failed_at is not null`, [call.id]);
      return failed.length === 1;
    });
    expect(log('customer.created').filter(({ mobile }) => mobile !== '919000000142')).toEqual([]);
  },
);

test('a call that can not be read does not keep the others from the sweep', async () => {
  await pusher({ CRM_SWEEP_AFTER_SECONDS: '1' });
  const odd = await qualified({ tell: 0 });
  await db.query(`update calls set call_started_at = 'infinity', updated_at = now() - interval '1 day' where id = $1`, [
    odd.id,
  ]);
  const call = await qualified({ tell: 0, phone: '+919000000142' });
  await pushed(call.id);
  expect(
    await db.query(`select last_error, next_try_at > now() as later from crm_pushes where call_id = $1`, [odd.id]),
  ).toEqual([{ last_error: 'not_tried', later: true }]);
});

test('a disk that is full for a moment puts no push off', async () => {
  await db.query(`create function disk_is_full() returns trigger language plpgsql as
    $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$`);
  await db.query(`create trigger disk_is_full before update on calls for each row when (new.status = 'pushed')
    execute function disk_is_full()`);
  await pusher({ CRM_SWEEP_AFTER_SECONDS: '1', CRM_LOOK_AGAIN_SECONDS: '1', CRM_LOOK_GAP_SECONDS: '1' });
  const call = await qualified({ tell: 0 });
  await until('its task is there', () => log('task.created').length === 1);
  await wait(3_000);
  await db.query(`drop trigger disk_is_full on calls`);
  await pushed(call.id);
  expect(log('task.created')).toHaveLength(1);
});

test('what the requests cost is kept to the budget', async () => {
  await pusher({ CRM_REQUESTS_PER_MINUTE: '5' });
  const first = await qualified();
  await pushed(first.id);
  const second = await qualified({ phone: '+919000000043' });
  await until(
    'it waits for the budget',
    async () =>
      (await db.query(`select 1 from crm_pushes where call_id = $1 and last_error = 'budget_spent'`, [second.id]))
        .length === 1,
  );
  expect(log('task.created')).toHaveLength(1);
});

/** A `called` row as the old program leaves it: no attempt, a bare number, answers as its agent gave them. */
async function oldCall(phone: string, answers: object, endedDaysAgo: number): Promise<number> {
  const [call] = await db.query<{ id: number }>(
    `insert into calls (name, phone, source, status, qualification, call_started_at, call_ended_at, updated_at)
     values ('Ravi', $1, 'indiamart', 'called', $2, now() - make_interval(days => $3), now() - make_interval(days => $3),
             now() - interval '1 minute') returning id`,
    [phone, JSON.stringify(answers), endedDaysAgo],
  );
  return call?.id ?? 0;
}

test('the old program’s calls are left to it, until the pusher is told to take over those young enough', async () => {
  const young = await oldCall('9000000142', { budget: 8, location: 'Pune', own_brand: null }, 6);
  const old = await oldCall('9000000242', { budget: '8 lakh' }, 8);
  const empty = await oldCall('9000000342', { budget: null }, 1);
  const landline = await oldCall('022-22334455', { budget: '8 lakh' }, 1);
  const statusOf = async (id: number): Promise<unknown> =>
    (await db.query<{ status: string }>(`select status from calls where id = $1`, [id]))[0]?.status;

  await pusher({ CRM_SWEEP_AFTER_SECONDS: '1' });
  const ours = await qualified({ tell: 0 });
  await pushed(ours.id);
  expect(await statusOf(young)).toBe('called');
  await Promise.all(running.splice(0).map((service) => service.stop()));

  await Promise.all([1, 2].map(() => pusher({ CRM_SWEEP_AFTER_SECONDS: '1', PUSH_OLD_CALLS: 'on' })));
  await pushed(young);
  await until('the landline is refused', async () => {
    const refused = await db.query(`select 1 from crm_pushes where call_id = $1 and failed_at is not null`, [landline]);
    return refused.length === 1;
  });
  expect([await statusOf(old), await statusOf(empty), await statusOf(landline)]).toEqual([
    'called',
    'called',
    'called',
  ]);
  expect(log('customer.created').map(({ mobile }) => mobile)).toEqual(['919000000042', '919000000142']);
  expect(log('task.created').filter(({ room }) => room?.startsWith(`old-${young}-`))).toHaveLength(1);
  expect(log('task.created')).toHaveLength(2);
});
