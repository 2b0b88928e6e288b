import { stopDialling } from '@leadline/contracts/commands/dialling';
import { ask } from '@leadline/messaging/ask';
import { until } from '@leadline/testing/until';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOldProgram, type OldProgram } from './old-program.ts';
import { numberEnding, startSystem, type System } from './system.ts';

let system: System;
let old: OldProgram;
/** A user of its own, with what such a program is given: the two tables. */
const user = `old_program_${randomBytes(4).toString('hex')}`;
const crmPusher: Record<string, string> = { CRM_SWEEP_AFTER_SECONDS: '1' };

beforeAll(async () => {
  system = await startSystem({
    dispatchers: 2,
    // Slow enough that the old program gets its share.
    overrides: { crmPusher, dispatcher: { CALLS_PER_SECOND: '6', MAX_CALL_RETRIES: '20' } },
  });
  await system.db.query(`create role ${user} login password 'old'`);
  await system.db.query(`grant select, insert, update on leads, calls to ${user}`);
  await system.db.query(`grant usage on all sequences in schema public to ${user}`);
  const url = new URL(system.db.url);
  url.username = user;
  url.password = 'old';
  old = await startOldProgram(url.href, (phone, nth) => !phone.endsWith('180') || nth > 1);
});
afterAll(async () => {
  await old?.close();
  await system.db.query(`drop owned by ${user}`);
  await system.db.query(`drop role ${user}`);
  await system.stop();
});

test('two programs on one database: each attempt is made by exactly one, and no lead is left', async () => {
  const talking = await Promise.all(Array.from({ length: 30 }, () => system.post(numberEnding('2042'))));
  // Nobody answers the first attempt of either program at these.
  const silent = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const number = numberEnding('2180');
      await system.script(number, [{ callee: 'rings' }, {}]);
      return system.post(number);
    }),
  );
  let done = false;
  const working = old.run(() => done);
  try {
    await until(
      'every lead is settled',
      async () => {
        const [open] = await system.db.query<{ n: number }>(
          `select count(*)::int as n from leads l where not exists
             (select 1 from calls c where c.lead_id = l.id and c.status in ('called', 'pushed'))`,
        );
        return open?.n === 0;
      },
      120_000,
    );
  } finally {
    done = true;
    await working;
  }

  const calls = await system.db.query<{
    id: number;
    lead_id: number;
    phone: string;
    attempt: number | null;
    status: string;
  }>(`select id, lead_id, phone, attempt, status from calls order by id`);
  const byOld = calls.filter((call) => call.attempt === null);
  const byUs = calls.filter((call) => call.attempt !== null);
  // Both worked, or nothing is proved.
  expect(byOld.length).toBeGreaterThan(3);
  expect(byUs.length).toBeGreaterThan(3);
  expect(old.dials.map((dial) => dial.callId).toSorted((a, b) => a - b)).toEqual(byOld.map((call) => call.id));

  // A lead that was answered by one of them was not called once more by either.
  for (const id of [...talking, ...silent]) {
    const answered = calls.filter((call) => call.lead_id === id && ['called', 'pushed'].includes(call.status));
    expect(answered, `lead ${id}`).toHaveLength(1);
  }
  // By the phones: a claim of ours that was put back rang nobody.
  for (const id of talking) {
    const number = calls.find((call) => call.lead_id === id)?.phone ?? '';
    const byOldProgram = old.dials.filter((dial) => dial.leadId === id).length;
    expect(byOldProgram + system.invites(number), `rings of lead ${id}`).toBe(1);
  }

  // No number rang for both at the same time.
  const rings = system
    .phone()
    .filter((line) => line.event === 'invite')
    .map((invite) => {
      const end = system
        .phone(invite.number)
        .find((line) => line.room === invite.room && ['hangup', 'cancelled', 'refused'].includes(line.event));
      return {
        phone: invite.number,
        from: Date.parse(invite.at),
        until: end === undefined ? Infinity : Date.parse(end.at),
      };
    });
  for (const dial of old.dials) {
    const both = rings.filter((ring) => ring.phone === dial.phone && ring.from < dial.until && dial.from < ring.until);
    expect(both, `lead ${dial.leadId}`).toEqual([]);
  }
});

test('a batch that the old program picked before us is refused where we were quicker, before it dials', async () => {
  const id = await system.post(numberEnding('2042'));
  const picked = [{ id, name: 'Asha Verma', phone: '9000000000', source: 'website' }];
  await until('it is claimed', async () => (await system.calls(id)).length === 1);
  const before = old.dials.length;
  await old.work(picked);
  await system.callIs(id, 'pushed');
  await old.work(picked);
  expect(old.dials).toHaveLength(before);
  expect(old.refusals.filter((refusal) => refusal.leadId === id)).toEqual([
    // 23514: its lead may not be called now; 23505: it has an open call.
    { leadId: id, code: expect.stringMatching(/^(23514|23505)$/) },
    { leadId: id, code: '23514' },
  ]);
});

test('the CRM is handed over as a whole: the old calls become tasks once, by us, and only when we are told', async () => {
  const waiting = async (): Promise<number[]> =>
    (
      await system.db.query<{ id: number }>(
        `select id from calls where attempt is null and status = 'called' order by id`,
      )
    ).map(({ id }) => id);
  const left = await waiting();
  expect(left.length).toBeGreaterThan(3);
  // Its last push, before it is switched off.
  const last = await old.pushOne();
  expect(left).toContain(last);

  await system.services.pop()?.stop();
  crmPusher['PUSH_OLD_CALLS'] = 'on';
  system.services.push(await system.launch.crmPusher());
  await until('nothing waits', async () => (await waiting()).length === 0);

  const tasks = system.crm().filter((line) => line.event === 'task.created');
  for (const id of left.filter((one) => one !== last))
    expect(
      tasks.filter((task) => task.room?.startsWith(`old-${id}-`)),
      `call ${id}`,
    ).toHaveLength(1);
  expect(tasks.filter((task) => task.room?.startsWith(`old-${last}-`))).toEqual([]);
  const [pushed] = await system.db.query<{ n: number }>(`select count(*)::int as n from calls where status = 'pushed'`);
  expect(tasks).toHaveLength((pushed?.n ?? 0) - 1);
});

test('and back again: while we are stopped the old program takes what waits, our retries too', async () => {
  const number = numberEnding('2180');
  await system.script(number, [{ callee: 'rings' }]);
  const id = await system.post(number);
  await system.callIs(id, 'failed');
  // Tracker and pusher finish what is open; nobody dials any more.
  await ask(system.ops, stopDialling, { who: 'test', reason: 'back to the old program' });
  await until('the retry is due', async () => (await system.lead(id)).status === 'new');
  const fresh = await system.post(numberEnding('2042'));
  const before = old.dials.length;
  await until('the old program has called both', async () => {
    await old.work(await old.pick(3));
    return new Set(old.dials.slice(before).map((dial) => dial.leadId)).size === 2;
  });
  expect(new Set(old.dials.slice(before).map((dial) => dial.leadId))).toEqual(new Set([id, fresh]));
  expect(system.invites(number)).toBe(1);
});
