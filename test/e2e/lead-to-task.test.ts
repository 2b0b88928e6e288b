import { addDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { ask } from '@leadline/messaging/ask';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { numberEnding, startSystem, type System } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

describe('a qualified lead becomes one task', () => {
  test.for([
    ['sarvam', '2042'],
    ['openai_realtime', '1042'],
  ])('in mode %s', async ([mode, digits]) => {
    const number = numberEnding(digits ?? '');
    const id = await system.post(number);
    const call = await system.callIs(id, 'pushed');
    expect(call).toMatchObject({ attempt: 1, agent_mode: mode, failure_reason: null });
    expect(call.qualification).toMatchObject({ location: expect.any(String) });
    expect(system.crm(call.call_room)).toEqual([
      expect.objectContaining({ event: 'task.created', id: call.crm_task_id }),
    ]);
    expect(system.phone(number).map((line) => line.event)).toEqual(['invite', 'ringing', 'answered', 'hangup']);
    expect((await system.lead(id)).status).toBe('dispatched');
    const talkMs = (call.call_ended_at?.getTime() ?? 0) - (call.answered_at?.getTime() ?? 0);
    expect(Math.abs(talkMs - 1_300)).toBeLessThan(1_000);
  });
});

test('an unanswered lead is retried and then qualified', async () => {
  const number = numberEnding('2042');
  await system.script(number, [{ callee: 'rings' }, {}]);
  const id = await system.post(number);
  await system.callIs(id, 'pushed');
  const calls = await system.calls(id);
  expect(calls.map((call) => [call.attempt, call.status, call.failure_reason])).toEqual([
    [1, 'failed', 'unanswered'],
    [2, 'pushed', null],
  ]);
  expect(await system.lead(id)).toMatchObject({ status: 'dispatched', retry_count: 1 });
});

test('retries end when they are used up', async () => {
  const number = numberEnding('2486');
  const id = await system.post(number);
  const lead = await system.leadIs(id, 'failed');
  expect(lead).toMatchObject({ retry_count: 3, failure_reason: 'retries_used_up' });
  expect((await system.calls(id)).map((call) => [call.failure_reason, call.sip_status])).toEqual([
    ['rejected', 486],
    ['rejected', 486],
    ['rejected', 486],
  ]);
  expect(system.invites(number)).toBe(3);
});

test('an agent that never comes rings nobody', async () => {
  const number = numberEnding('2222');
  const id = await system.post(number);
  const call = await system.callIs(id, 'failed');
  expect(call).toMatchObject({ failure_reason: 'startup_failed', duration_seconds: expect.any(Number) });
  expect(system.invites(number)).toBe(0);
  // Three in a row would hold everybody back: enough is known here.
  await ask(system.ops, addDoNotCall, { phone: number, who: 'test', reason: 'enough' });
});

test('nothing useful captured is a failure of its own', async () => {
  const number = numberEnding('2204');
  const id = await system.post(number);
  expect(await system.callIs(id, 'failed')).toMatchObject({ failure_reason: 'no_answers' });
  await ask(system.ops, addDoNotCall, { phone: number, who: 'test', reason: 'enough' });
});

test('a voicemail is a miss with its own word, is left one message, and is no task', async () => {
  const number = numberEnding('2211');
  const id = await system.post(number);
  const call = await system.callIs(id, 'failed');
  expect(call).toMatchObject({ failure_reason: 'unanswered', qualification: null });
  const [facts] = await system.db.query(`select answered_by, message_left from call_facts where call_id = $1`, [
    call.id,
  ]);
  expect(facts).toEqual({ answered_by: 'voicemail', message_left: true });
  await system.db.query(`update leads set retry_after = now() where id = $1`, [id]);
  await until('the second attempt has failed', async () => {
    const calls = await system.calls(id);
    return calls.length > 1 && calls.every(({ status }) => status === 'failed');
  });
  expect(
    await system.db.query(
      `select f.message_left from calls c join call_facts f on f.call_id = c.id where c.lead_id = $1 order by c.id`,
      [id],
    ),
  ).toEqual([{ message_left: true }, { message_left: null }]);
  await ask(system.ops, addDoNotCall, { phone: number, who: 'test', reason: 'enough' });
});

test('a wrong number ends the lead, and answers that say nothing are no task', async () => {
  const wrong = await system.post(numberEnding('2216'));
  const uninterested = await system.post(numberEnding('2217'));
  expect(await system.leadIs(wrong, 'failed')).toMatchObject({ failure_reason: 'wrong_number' });
  expect(await system.leadIs(uninterested, 'failed')).toMatchObject({ failure_reason: 'not_interested' });
  const [call] = await system.calls(uninterested);
  expect(call).toMatchObject({ status: 'failed', failure_reason: 'no_answers', qualification: null });
  expect(system.crm(call?.call_room ?? '')).toEqual([]);
});

test('a screener that puts a person through is a talk', async () => {
  const call = await system.callIs(await system.post(numberEnding('2213')), 'pushed');
  expect(
    await system.db.query(`select answered_by, disposition from call_facts where call_id = $1`, [call.id]),
  ).toEqual([{ answered_by: 'human', disposition: 'interested' }]);
});

test('a do-not-call heard in a call ends the lead, and the next one of that number too', async () => {
  const number = numberEnding('2244');
  const id = await system.post(number);
  expect(await system.leadIs(id, 'failed')).toMatchObject({ failure_reason: 'do_not_call' });
  const [call] = await system.calls(id);
  expect(call).toMatchObject({ status: 'failed', do_not_call: true });
  const again = await system.post(number.replace('+91', '0'));
  expect(await system.leadIs(again, 'failed')).toMatchObject({ failure_reason: 'do_not_call' });
  expect(system.invites(number)).toBe(1);
});

test('reports that come twice and out of order leave the fuller answers, and one task', async () => {
  const number = numberEnding('2255');
  const id = await system.post(number);
  const call = await system.callIs(id, 'pushed');
  expect(call.qualification).toMatchObject({ location: 'Pune, Maharashtra', budget: '8 lakh' });
  expect(system.crm(call.call_room)).toHaveLength(1);
});

test('two leads with one number never ring at the same time', async () => {
  // Nothing useful is said: a talk with answers would pause the number.
  const number = numberEnding('204');
  // Over ingest the second would join the first; another program may insert it all the same.
  const inserted = await system.db.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Asha', $1, 'import'), ('Asha Verma', $1, 'import') returning id`,
    [number],
  );
  const ids = inserted.map(({ id }) => id);
  const rooms = await Promise.all(ids.map(async (id) => (await system.callIs(id, 'failed')).call_room));
  const order = system.phone(number).filter((line) => line.event === 'invite' || line.event === 'hangup');
  expect(order.slice(0, 4).map((line) => line.event)).toEqual(['invite', 'hangup', 'invite', 'hangup']);
  expect(new Set(rooms).size).toBe(2);
});

test('a buyer who asks twice at the same moment is one lead, rung once', async () => {
  const number = numberEnding('2042');
  const ids = await Promise.all([
    system.post(number, { productName: 'Paper cup machine' }),
    system.post(number.replace('+91', '0'), { productName: 'Dona machine' }),
  ]);
  expect(new Set(ids).size).toBe(1);
  await system.callIs(ids[0] ?? 0, 'pushed');
  expect(system.invites(number)).toBe(1);
});

test('what a buyer asks for while they talk is in the task, though the agent was not told', async () => {
  const number = numberEnding('2042');
  await system.script(number, [{ talkMs: 10_000 }]);
  const id = await system.post(number, { productName: 'Paper cup machine' });
  await until('they talk', () => system.phone(number).some(({ event }) => event === 'answered'));
  expect(await system.post(number, { productName: 'Dona machine', message: 'Price?' })).toBe(id);
  const call = await system.callIs(id, 'pushed');
  const task = (await system.crmTasks()).find(({ _id }) => _id === call.crm_task_id);
  expect(task).toMatchObject({
    title: expect.stringContaining('Paper cup machine') as string,
    description: expect.stringMatching(/Asked again on .* over website: Dona machine: Price\?$/) as string,
  });
  expect(system.invites(number)).toBe(1);
});

test('a malformed report is set aside and stops nobody', async () => {
  const number = numberEnding('2042');
  await system.script(number, [
    {
      agent: {
        reports: [
          { answers: {}, malformed: true },
          { answers: { budget: '5 lakh' }, afterMs: 200 },
        ],
      },
    },
  ]);
  const id = await system.post(number);
  expect((await system.callIs(id, 'pushed')).qualification).toEqual({ budget: '5 lakh' });
  await until('it is a dead letter', async () => {
    const { listDeadLetters } = await import('@leadline/messaging/redrive');
    const letters = await listDeadLetters(system.ops, { durable: 'call-tracker-agent' });
    return letters.some((letter) => letter.reason.startsWith('malformed')) && letters;
  });
});
