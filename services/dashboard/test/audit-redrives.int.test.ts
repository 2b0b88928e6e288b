import { toHeaders } from '@leadline/contracts/envelope';
import type { Nats } from '@leadline/messaging/connect';
import { listDeadLetters } from '@leadline/messaging/redrive';
import { fetchMessage, storeMessage } from '@leadline/messaging/stored-message';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from '../../../test/e2e/leadline-command.ts';
import { redriveAuditor } from '../src/audit/audit-redrives.ts';
import { startStand, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
let ops: Nats;
let operator: Visitor;
let leadline: LeadlineCommand;
beforeAll(async () => {
  stand = await startStand();
  ops = await stand.nats.connect('ops');
  operator = await stand.as('operator');
  leadline = leadlineCommand(stand.nats, { LEADLINE_WHO: 'Āsha at the desk' });
});
afterAll(() => stand.stop());

const payload = JSON.stringify({ leadId: 1, source: 'website', room: 'call-1-aaaaaaaaaaaa', callId: 1, taskId: 'T1' });

/** A good event that its consumer gave up. @returns where the dead letter stands */
async function setAside(id: string): Promise<number> {
  const stored = await storeMessage(await stand.nats.connect('dashboard'), {
    subject: 'dlq.CALLS.dashboard-calls',
    stream: 'DLQ',
    messageId: id,
    payload,
    headers: {
      ...toHeaders({ id, type: 'call.pushed', source: 'test', subject: 'call/1', time: new Date() }),
      'leadline-durable': 'dashboard-calls',
      'leadline-stream': 'CALLS',
      'leadline-seq': '1',
      'leadline-subject': 'call.pushed',
      'leadline-deliveries': '5',
      'leadline-reason': 'gave_up',
      'leadline-stored-at': new Date().toISOString(),
    },
  });
  if (stored.kind !== 'stored') throw new Error(stored.because);
  return stored.seq;
}

async function startAuditor(): Promise<() => Promise<void>> {
  return redriveAuditor({ nats: await stand.nats.connect('dashboard'), postgres: await stand.db.open('dashboard') });
}

async function redrives(): Promise<{ who: string; reason: string; details: Record<string, unknown> }[]> {
  return stand.db.query(
    `select who, reason, details from dashboard_audit where action ~ 'redrive' and who <> 'last' order by at, id`,
  );
}

/** Marks are taken in the order in which they were made: with this one all before it. */
async function untilAudited(id: string): Promise<void> {
  const seq = await setAside(id);
  expect((await leadline.run('dlq', 'redrive', String(seq), '--who', 'last')).code).toBe(0);
  await until('the last redrive is audited', async () => {
    const [found] = await stand.db.query(`select 1 from dashboard_audit where who = 'last' and details @> $1`, [
      JSON.stringify({ seq }),
    ]);
    return found !== undefined;
  });
}

test('a redrive from the command line is on the audit page once, however often its mark is met', async () => {
  const seq = await setAside('one');
  expect((await leadline.run('dlq', 'redrive', String(seq), '--dry-run')).code).toBe(0);
  expect((await leadline.run('dlq', 'redrive', String(seq))).code).toBe(0);
  const mark = await fetchMessage(ops, 'DLQ', { last_by_subj: `dlq.redriven.by.${seq}` });
  if (mark === undefined) throw new Error('there is no mark');
  const again = await storeMessage(ops, {
    subject: mark.subject,
    stream: 'DLQ',
    messageId: 'the same mark again',
    payload: '',
    headers: Object.fromEntries([...mark.header].map(([name, [value = '']]) => [name, value])),
  });
  expect(again).toMatchObject({ kind: 'stored', duplicate: false });
  await untilAudited('after-one');
  // What it has read it knows in memory only: after a start it meets every mark once more.
  const others = await Promise.all([startAuditor(), startAuditor()]);
  await Promise.all(others.map((audit) => audit()));
  expect(await redrives()).toEqual([
    {
      who: 'Āsha at the desk',
      reason: 'from the command line',
      details: { seq, subject: 'call.pushed', durable: 'dashboard-calls', times: 1 },
    },
  ]);
  const page = (await operator.get('/audit?action=redrive')).text;
  expect(page.match(/Āsha at the desk/g)).toHaveLength(1);
  expect(page).toMatch(new RegExp(`Āsha at the desk[^]*Seq ${seq},[^]*from the command line`, 'i'));

  // Sent back a second time, that is told too.
  expect((await leadline.run('dlq', 'redrive', String(seq))).code).toBe(0);
  await untilAudited('after-two');
  expect((await redrives()).map(({ details }) => details['times'])).toEqual([1, 2]);
});

test('a redrive from the dashboard is told once, with its reason, alone or with all that match', async () => {
  const before = (await redrives()).length;
  const [first, second] = [await setAside('own'), await setAside('own-two')];
  const path = `/dead-letters/${first}`;
  await operator.get(path);
  await operator.post(`${path}/redrive`, { payload, mode: 'redrive', reason: 'mended' });
  const fields = { because: 'gave_up', cap: '100', mode: 'redrive', reason: 'all of them' };
  const begun = await operator.post('/dead-letters/redrive', fields);
  await until('it is over', async () => (await operator.get(begun.location ?? '')).text.includes('finished'));
  expect((await listDeadLetters(ops, { redriven: false })).map(({ seq }) => seq)).not.toContain(second);
  await untilAudited('after-own');
  await Promise.all((await Promise.all([startAuditor(), startAuditor()])).map((audit) => audit()));
  expect((await redrives()).slice(before).map(({ who, reason }) => [who, reason])).toEqual([
    ['omkar', 'mended'],
    ['omkar', 'all of them'],
  ]);
});

test('a dry run is on no page, be it of one or of all that match', async () => {
  const before = await redrives();
  const seq = await setAside('dry');
  expect((await leadline.run('dlq', 'redrive', String(seq), '--dry-run')).code).toBe(0);
  const all = await leadline.run('dlq', 'redrive', '--because', 'gave_up', '--dry-run');
  expect(all.out).toContain('would go back');
  await untilAudited('after-dry');
  expect(await redrives()).toEqual(before);
});
