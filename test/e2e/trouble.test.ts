import { startDialling } from '@leadline/contracts/commands/dialling';
import { explain } from '@leadline/contracts/commands/lead';
import { ask } from '@leadline/messaging/ask';
import { listDeadLetters, redrive } from '@leadline/messaging/redrive';
import { until } from '@leadline/testing/until';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { numberEnding, startSystem, type System } from './system.ts';

let system: System;
const begin = async (options: Parameters<typeof startSystem>[0] = {}): Promise<System> => {
  system = await startSystem(options);
  return system;
};
afterEach(() => system.stop());

test('an agent that dies in mid-call leaves a failed call, and the phone is let go', async () => {
  await begin({ overrides: { simulator: { TIME_FACTOR: '10' } } });
  const number = numberEnding('2233');
  const id = await system.post(number);
  expect(await system.callIs(id, 'failed')).toMatchObject({ failure_reason: 'no_answers' });
  expect(system.phone(number).at(-1)?.event).toBe('hangup');
});

test('an agent that is killed in mid-call is replaced within eight seconds, and nobody is rung for it', async () => {
  await begin();
  const number = numberEnding('2234');
  const id = await system.post(number);
  const call = await system.callIs(id, 'pushed');
  const [answered] = system.phone(number).filter(({ event }) => event === 'answered');
  const [takeover] = await system.takeovers(call.id);
  // The simulated agent is killed half a second after the answer, just after it has said that it is alive.
  expect(Date.parse(takeover?.cameAt ?? '') - Date.parse(answered?.at ?? '')).toBeLessThan(500 + 8_000);
  expect(system.invites(number)).toBe(1);
  expect(await system.calls(id)).toHaveLength(1);
});

test('a report that comes after the leg has left, within the grace, counts', async () => {
  await begin();
  const number = numberEnding('2042');
  await system.script(number, [
    { talkMs: 600, agent: { reports: [{ answers: { budget: '5 lakh' }, afterMs: 2_500 }], silentEnd: true } },
  ]);
  const id = await system.post(number);
  expect((await system.callIs(id, 'pushed')).qualification).toEqual({ budget: '5 lakh' });
  expect(await system.calls(id)).toHaveLength(1);
});

test('answers to attempt 1 that come while attempt 2 rings settle the lead, and both keep their own', async () => {
  await begin({ overrides: { callTracker: { REPORT_GRACE_SECONDS: '1' }, calls: { RING_SECONDS: '6' } } });
  const number = numberEnding('2042');
  await system.script(number, [{ talkMs: 600, agent: { reports: [], silentEnd: true } }, { callee: 'rings' }]);
  const id = await system.post(number);
  await until('attempt 2 rings', () => system.phone(number).filter(({ event }) => event === 'ringing').length === 2);
  const [talked] = await system.calls(id);
  const agent = await system.nats.connect('agent');
  const report = { room: talked?.call_room, mode: 'sarvam', qualification: { budget: '5 lakh' } };
  await agent.connection.jetstream().publish('agent.qualified', JSON.stringify(report), { msgID: 'late answers' });
  const first = await system.callIs(id, 'pushed');
  expect(first).toMatchObject({ attempt: 1, failure_reason: null });
  await until('attempt 2 is over', async () => (await system.calls(id)).every((call) => call.status !== 'calling'));
  expect((await system.calls(id)).map((call) => call.status)).toEqual(['pushed', 'failed']);
  await system.leadIs(id, 'dispatched');
  expect(system.invites(number)).toBe(2);
  expect(system.crm(first.call_room)).toHaveLength(1);
});

test('the CRM down, then up: every task is there once', async () => {
  await begin();
  await system.faults({ crm: { status: 503 } });
  const number = numberEnding('2042');
  const id = await system.post(number);
  const call = await system.callIs(id, 'called');
  await system.faults({});
  await system.callIs(id, 'pushed');
  expect(system.crm(call.call_room)).toHaveLength(1);
});

test('the CRM takes the task and drops the connection: it is found again, not made twice', async () => {
  await begin();
  await system.faults({ crm: { dropAfterCreate: true } });
  const number = numberEnding('2042');
  const id = await system.post(number);
  const call = await system.callIs(id, 'called');
  await until('the task was made', () => system.crm(call.call_room).length === 1);
  await system.faults({});
  const pushed = await system.callIs(id, 'pushed');
  expect(system.crm(call.call_room)).toEqual([expect.objectContaining({ id: pushed.crm_task_id })]);
});

test('a task the CRM refuses is a dead letter, and a redrive pushes it when the cause is gone', async () => {
  await begin();
  await system.faults({ crm: { refuseTasks: true } });
  const id = await system.post(numberEnding('2042'));
  await system.callIs(id, 'called');
  const letter = await until('it is set aside', async () => {
    const [found] = await listDeadLetters(system.ops, { durable: 'crm-pusher' });
    return found;
  });
  expect(letter.reason).toBe('crm_refused_422');
  await system.faults({});
  await redrive(system.ops, { seq: letter.seq, who: 'test' });
  await system.callIs(id, 'pushed');
});

test('a malformed report is repaired and redriven', async () => {
  await begin();
  const number = numberEnding('2042');
  await system.script(number, [{ agent: { reports: [{ answers: {}, malformed: true }] } }]);
  const id = await system.post(number);
  const failed = await system.callIs(id, 'failed');
  expect(failed.failure_reason).toBe('no_answers');
  const letter = await until('it is set aside', async () => {
    const [found] = await listDeadLetters(system.ops, { durable: 'call-tracker-agent' });
    return found;
  });
  const payload = { room: failed.call_room, mode: 'sarvam', qualification: { budget: '7 lakh' } };
  await redrive(system.ops, { seq: letter.seq, who: 'test', payload });
  expect((await system.callIs(id, 'pushed')).qualification).toEqual({ budget: '7 lakh' });
});

test('a dispatcher killed while the phone rings: the call is found alive and goes on', async () => {
  await begin({ dispatchers: 0 });
  const dispatcher = system.dispatcherProcess({ freezeAtDial: false });
  const number = numberEnding('2042');
  await system.script(number, [{ ringMs: 1_500, talkMs: 2_000 }]);
  const id = await system.post(number);
  await until('it rings', () => system.invites(number) === 1);
  dispatcher.kill('SIGKILL');
  await system.callIs(id, 'pushed');
  system.services.push(await system.launch.dispatcher());
  await system.leadIs(id, 'dispatched');
  expect(system.invites(number)).toBe(1);
});

test('a dispatcher killed in mid-dial, and none after it: the looks find when the phone was answered', async () => {
  await begin({ dispatchers: 0, overrides: { calls: { RING_SECONDS: '20' } } });
  const dispatcher = system.dispatcherProcess({ freezeAtDial: false });
  const number = numberEnding('2042');
  await system.script(number, [
    { ringMs: 8_000, talkMs: 9_000, agent: { reports: [{ answers: { budget: '5 lakh' }, afterMs: 7_000 }] } },
  ]);
  const id = await system.post(number);
  await until('it rings', () => system.invites(number) === 1);
  dispatcher.kill('SIGKILL');
  const call = await system.callIs(id, 'pushed');
  const at = (event: string): number => Date.parse(system.phone(number).find((line) => line.event === event)?.at ?? '');
  // Half of the five seconds between two looks, and what a loaded machine adds.
  expect(Math.abs((call.answered_at?.getTime() ?? 0) - at('answered'))).toBeLessThan(2_500 + 1_000);
  expect(Math.abs((call.call_ended_at?.getTime() ?? 0) - at('hangup'))).toBeLessThan(1_000);
  expect(await system.db.query(`select last_look->>'answerEstimated' as is from call_facts`)).toEqual([{ is: 'true' }]);
  expect(system.invites(number)).toBe(1);
});

test('a call whose end nobody told is stale in the end, and only then tried again', async () => {
  await begin({ dispatchers: 0, overrides: { callTracker: { RING_SECONDS: '2' } } });
  const dispatcher = system.dispatcherProcess({ freezeAtDial: false });
  await system.faults({ webhooks: { drop: true } });
  const number = numberEnding('2042');
  await system.script(number, [{ talkMs: 500, agent: { reports: [], silentEnd: true } }, {}]);
  const id = await system.post(number);
  await until('it rings', () => system.invites(number) === 1);
  dispatcher.kill('SIGKILL');
  await until('they have hung up', () => system.phone(number).some((line) => line.event === 'hangup'));
  system.services.push(await system.launch.dispatcher());
  expect((await system.calls(id)).map((call) => call.status)).toEqual(['calling']);
  system.shift(100_000);
  const stale = await system.callIs(id, 'failed');
  expect(stale.failure_reason).toBe('stale_timeout');
  await system.faults({});
  await system.callIs(id, 'pushed');
  expect(system.invites(number)).toBe(2);
});

test('a dispatcher frozen between permit and dial for longer than the token lives rings nobody when it wakes', async () => {
  await begin({
    dispatchers: 0,
    overrides: { simulator: { TIME_FACTOR: '30', SIMULATED_RING_SECONDS: '9', SIMULATED_TALK_SECONDS: '40' } },
  });
  const dispatcher = system.dispatcherProcess({ freezeAtDial: true });
  const number = numberEnding('2042');
  const id = await system.post(number);
  await until('it is frozen', () => readFileSync(`/proc/${dispatcher.pid}/stat`, 'utf8').split(' ')[2] === 'T');
  expect(await system.db.query(`select sent_at is not null as sent from dials where lead_id = $1`, [id])).toEqual([
    { sent: true },
  ]);
  await new Promise((resolve) => {
    setTimeout(resolve, 9_000);
  });
  dispatcher.kill('SIGCONT');
  // Its own connection may be gone by now: then it learns nothing, dials nothing again, and the call ends as stale.
  await new Promise((resolve) => {
    setTimeout(resolve, 2_000);
  });
  system.shift(100_000);
  await system.callIs(id, 'failed');
  expect(system.invites(number)).toBe(0);
});

test('a lead without a mobile number, as the old program may leave one, fails without a ring', async () => {
  await begin();
  await system.db.query(`insert into leads (name, phone, source) values ('Old', '022-22355342', 'import')`);
  const [old] = await system.db.query<{ id: number }>(`select id from leads where name = 'Old'`);
  expect(await system.leadIs(old?.id ?? 0, 'failed')).toMatchObject({ failure_reason: 'invalid_number' });
  expect(system.phone()).toEqual([]);
});

test('outside of the window nobody is rung, and explain says until when', async () => {
  // A window that lies on another day than the one this test runs on.
  const day = new Date(Date.now() + 330 * 60_000 + 2 * 86_400_000).getUTCDay();
  const name = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][day];
  await begin({ overrides: { dispatcher: { CALL_WINDOW: `${name} 10:00-18:00` } } });
  const id = await system.post(numberEnding('2042'));
  await until('the dispatcher has looked', async () => {
    const explained = await ask(system.ops, explain, { leadId: id });
    return JSON.stringify(explained).includes('window_shut');
  });
  const explained = (await ask(system.ops, explain, { leadId: id })) as { until: string };
  expect(new Date(explained.until).getTime()).toBeGreaterThan(Date.now());
  expect(system.phone()).toEqual([]);
  expect(await system.calls(id)).toEqual([]);
});

test('after stopped no phone starts to ring, calls in progress go on, and start goes on with what waits', async () => {
  await begin();
  const talking = numberEnding('2042');
  await system.script(talking, [{ talkMs: 3_000 }]);
  const first = await system.post(talking);
  await until('they talk', () => system.phone(talking).some((line) => line.event === 'answered'));
  const response = await fetch(`${system.dispatcherUrl}/v1/dialling/stop`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.opsKey}` },
    body: JSON.stringify({ who: 'test', reason: 'wrong script' }),
  });
  expect(await response.json()).toMatchObject({ state: 'stopped', onTheirWay: 0 });
  const waiting = numberEnding('2042');
  const second = await system.post(waiting);
  await system.callIs(first, 'pushed');
  expect(system.invites(waiting)).toBe(0);
  expect(await ask(system.ops, explain, { leadId: second })).toMatchObject({ kind: 'wait', reason: 'stopped' });
  await ask(system.ops, startDialling, { who: 'test', reason: 'fixed' });
  await system.callIs(second, 'pushed');
});

test('LiveKit without its trunk for a while burns no attempts', async () => {
  await begin();
  await system.faults({ noTrunk: true });
  const ids = await Promise.all(Array.from({ length: 5 }, () => system.post(numberEnding('2042'))));
  await until('the breaker is open', async () => {
    const [control] = await system.db.query<{ breaker_delay_ms: number | null }>(
      `select breaker_delay_ms from dial_control`,
    );
    return control?.breaker_delay_ms !== null;
  });
  await system.faults({});
  for (const id of ids) await system.callIs(id, 'pushed');
  for (const id of ids) expect(await system.lead(id)).toMatchObject({ retry_count: 0, status: 'dispatched' });
});

test('two dispatchers and 200 leads never exceed the caps and never ring twice', { timeout: 600_000 }, async () => {
  await begin({
    dispatchers: 2,
    overrides: {
      dispatcher: { MAX_CONCURRENT_CALLS: '15', CALLS_PER_SECOND: '40' },
      simulator: { SIMULATED_RING_SECONDS: '0.1', SIMULATED_TALK_SECONDS: '0.7' },
    },
  });
  const numbers = Array.from({ length: 200 }, () => numberEnding('2042'));
  const ids = await Promise.all(numbers.map((number) => system.post(number)));
  await until(
    'all are pushed',
    async () => {
      const [found] = await system.db.query<{ n: number }>(
        `select count(*)::int as n from calls where status = 'pushed'`,
      );
      return found?.n === ids.length;
    },
    400_000,
  );
  expect(numbers.map((number) => system.invites(number))).toEqual(numbers.map(() => 1));
  let live = 0;
  let most = 0;
  for (const line of system.phone()) {
    if (line.event === 'invite') most = Math.max(most, ++live);
    if (line.event === 'hangup' || line.event === 'cancelled' || line.event === 'refused') live--;
  }
  expect(most).toBeLessThanOrEqual(15);
  expect(new Set(system.crm().flatMap((line) => line.room ?? [])).size).toBe(200);
  expect(system.crm().filter((line) => line.event === 'task.created')).toHaveLength(200);
});
