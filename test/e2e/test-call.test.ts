import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from './leadline-command.ts';
import { startSystem, type System } from './system.ts';
import { until } from '@leadline/testing/until';

// The real command against all services, with the simulated network, agent and CRM.
let system: System;
let leadline: LeadlineCommand;

const talks = '+919876500042';
const busy = '+919876500486';
const wanders = '+919876500043';
const nobodys = '+919876599042';

beforeAll(async () => {
  system = await startSystem({ overrides: { dispatcher: { TEST_NUMBERS: `${talks},${busy}, ${wanders}` } } });
  await system.startDashboard();
  leadline = leadlineCommand(system.nats);
});
afterAll(() => system.stop());

const leads = (): Promise<{ id: number }[]> => system.db.query(`select id from leads`);
type Told = {
  leadId: number;
  outcome: string;
  reason: string | null;
  stages: { until: string }[];
  answers: object;
  task: object | null;
};

test('a dry run tells the verdict, and leaves nothing behind', async () => {
  const { code, out } = await leadline.run('test-call', '--to', '98765 00042', '--dry-run');
  expect([code, out]).toEqual([0, expect.stringContaining('it would be permitted now')]);
  expect(await leadline.json('test-call', '--to', talks, '--dry-run')).toMatchObject({ kind: 'dial', mode: 'sarvam' });
  const refused = await leadline.run('test-call', '--to', nobodys, '--dry-run');
  expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('none of the 3 in TEST_NUMBERS') as string });
  expect(await leadline.run('test-call', '--to', '022-26543210', '--dry-run')).toMatchObject({
    code: 1,
    err: expect.stringContaining('phone: not an Indian mobile number (landline)') as string,
  });
  expect(await leadline.run('test-call', '--to', talks, '--mode', 'nobodys', '--dry-run')).toMatchObject({
    code: 1,
    err: expect.stringContaining('mode: ') as string,
  });
  expect((await leadline.run('test-call')).code).toBe(2);
  expect([await leads(), system.phone()]).toEqual([[], []]);
});

test('a number that nobody named, dialling that is stopped, and an opt-out ring nobody', async () => {
  expect((await leadline.run('test-call', '--to', nobodys)).code).toBe(1);
  await leadline.run('dialling', 'stop', '--reason', 'x');
  expect(await leadline.run('test-call', '--to', talks)).toMatchObject({
    code: 1,
    out: expect.stringContaining('dialling is stopped') as string,
  });
  await leadline.run('dialling', 'start', '--reason', 'x');
  await leadline.run('do-not-call', 'add', talks, '--reason', 'x');
  expect(await leadline.run('test-call', '--to', talks)).toMatchObject({
    code: 1,
    out: expect.stringContaining('asked never to be called') as string,
  });
  await leadline.run('do-not-call', 'remove', talks, '--reason', 'x');
  expect([await leads(), system.phone()]).toEqual([[], []]);
});

test('an answered call is shown from the permit to the task that nobody gets', async () => {
  const { code, out, err } = await leadline.run('test-call', '--to', talks, '--product', 'Paper cup machine');
  expect([code, err]).toEqual([0, '']);
  const steps = ['came in from test_call', 'is dialled', 'rings', 'is answered', 'the agent learnt', 'is qualified'];
  for (const step of [...steps, 'the talk was over', 'what was learnt', 'Follow up: Paper cup machine'])
    expect(out).toContain(step);
  expect(out).not.toContain('98765');
  expect(out).not.toContain('\u001b');
  expect(system.invites(talks)).toBe(1);
});

test('one that is not answered is not repeated, and JSON tells why', async () => {
  const { code, out } = await leadline.run('test-call', '--to', busy, '-o', 'json');
  const told = JSON.parse(out) as Told;
  expect(code).toBe(1);
  expect(told).toMatchObject({ outcome: 'failed', reason: 'rejected', answers: {}, task: null });
  expect(told.stages.map((stage) => stage.until)).toContain('the permit, and the INVITE');
  await system.leadIs(told.leadId, 'failed');
  const again = await leadline.run('call-again', String(told.leadId), '--reason', 'x');
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('rings once') as string });
});

test('the command twice at once rings once, and Ctrl-C tells what goes on', async () => {
  // Long enough for the second command to start on a busy machine.
  await system.script(wanders, [{ talkMs: 10_000 }]);
  const first = leadline.start('test-call', '--to', wanders);
  await until('it rings', () => first.out().includes(' rings\n'));
  const second = await leadline.run('test-call', '--to', wanders);
  expect(second).toMatchObject({ code: 1, out: expect.stringContaining('another call to this number') as string });
  const { code, err } = await first.end('SIGINT');
  expect([code, err]).toEqual([130, expect.stringContaining('the call goes on')]);
  expect(system.invites(wanders)).toBe(1);
});

test('where people look, tests are out of the figures and in the minutes; no task was made and nobody was rung twice', async () => {
  await until('all calls are over', async () => {
    const open = await system.db.query(`select id from calls where status = 'calling'`);
    return open.length === 0;
  });
  const other = await system.post('+919876511042');
  await system.callIs(other, 'pushed');
  await until('the read model has all', async () => {
    const kept = await system.db.query(`select lead_id from call_minutes where source = 'test_call'`);
    const funnel = await system.db.query(`select source from funnel_daily where leads > 0`);
    return kept.length === 3 && funnel.length > 0;
  });
  expect(await system.db.query(`select distinct source from funnel_daily`)).toEqual([{ source: 'website' }]);
  expect(await system.db.query(`select distinct source from speed_daily`)).toEqual([{ source: 'website' }]);
  expect(system.crm().filter(({ event }) => event === 'task.created')).toHaveLength(1);
  for (const number of [talks, busy, wanders]) expect(system.invites(number)).toBe(1);
});
