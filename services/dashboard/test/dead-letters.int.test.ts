import { toHeaders } from '@leadline/contracts/envelope';
import type { Nats } from '@leadline/messaging/connect';
import { listDeadLetters } from '@leadline/messaging/redrive';
import { storeMessage } from '@leadline/messaging/stored-message';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
let ops: Nats;
let operator: Visitor;
beforeAll(async () => {
  stand = await startStand();
  ops = await stand.nats.connect('ops');
  operator = await stand.as('operator');
});
afterAll(() => stand.stop());

/** Events that the dashboard can't read, each of them one dead letter. @returns where they stand */
async function setAside(count: number, kind: string): Promise<number[]> {
  const known = (await listDeadLetters(ops)).length;
  for (let place = 0; place < count; place++) {
    const id = `${kind}-${place}`;
    const stored = await storeMessage(ops, {
      subject: 'call.pushed',
      stream: 'CALLS',
      messageId: id,
      headers: toHeaders({ id, type: 'call.pushed', source: 'test', subject: 'call/1', time: new Date() }),
      payload: JSON.stringify({ leadId: place + 1, source: 'website', secret: 'what was said', kind }),
    });
    expect(stored.kind).toBe('stored');
  }
  const letters = await until('they are set aside', async () => {
    const found = await listDeadLetters(ops);
    return found.length === known + count && found;
  });
  return letters.slice(known).map(({ seq }) => seq);
}

const whole = JSON.stringify({ leadId: 1, source: 'website', room: 'call-1-aaaaaaaaaaaa', callId: 1, taskId: 'T1' });

test('one is shown with its payload, tried, mended and sent back; a viewer sees ids only', async () => {
  const [seq] = await setAside(1, 'single');
  const path = `/dead-letters/${seq}`;
  const shown = await operator.get(path);
  expect(shown.text).toContain('what was said');
  expect(shown.text).toContain('As it came');
  const viewer = await stand.as('viewer');
  expect((await viewer.get(path)).text).not.toContain('what was said');
  expect((await viewer.get('/dead-letters')).text).toContain('lead 1');
  expect((await viewer.get('/dead-letters')).text).not.toContain('what was said');

  const send = async (payload: string, mode: string): Promise<string> => {
    expect((await operator.post(`${path}/redrive`, { payload, mode, reason: 'a test' })).status).toBe(303);
    return (await operator.get(path)).text;
  };
  expect(await send('{"leadId":1}', 'redrive')).toMatch(/does not fit call\.pushed: .*room/);
  expect(await send('not json', 'try')).toContain('does not fit call.pushed');
  const tried = await send(whole, 'try');
  expect(tried).toContain('It fits call.pushed and would go back to dashboard-calls. Nothing was sent.');
  expect(tried).toContain('As it came');
  expect(await stand.db.query(`select 1 from lead_events`)).toEqual([]);
  expect(await send(whole, 'redrive')).toContain('It was sent back to dashboard-calls.');
  await until('it is kept', async () => (await stand.db.query(`select 1 from lead_events`)).length === 1);
  expect((await operator.get('/dead-letters')).text).not.toContain(path);
  expect((await operator.get('/dead-letters?all=yes')).text).toContain(path);
  expect((await operator.get('/audit?action=redrive')).text).toMatch(/omkar[^]*call\.pushed[^]*a test/);
});

/** @returns the page of a redrive once it is over */
async function redriveMatching(fields: Record<string, string>): Promise<string> {
  await operator.get('/dead-letters');
  const begun = await operator.post('/dead-letters/redrive', { cap: '100', reason: 'a test', ...fields });
  expect(begun.location).toMatch(/^\/redrives\/[0-9a-f-]{36}$/);
  return until('it is over', async () => {
    const { text } = await operator.get(begun.location ?? '');
    return text.includes('finished') && text;
  });
}

test('all that match are tried, then sent back up to a cap, oldest first, and none twice', async () => {
  const seqs = await setAside(7, 'many');
  const because = (await listDeadLetters(ops, { redriven: false }))[0]?.reason ?? '';
  const page = (await operator.get('/dead-letters')).text;
  expect(page).toContain('7 of <code>dashboard-calls</code>');
  // None fits its contract, so each is refused, and told.
  expect(await redriveMatching({ because, mode: 'try' })).toMatch(/0 would be sent back, 7 could not be/);
  expect(await redriveMatching({ because: 'another reason', mode: 'try' })).toMatch(/0 of 0/);
  expect(await redriveMatching({ because, cap: '3', mode: 'redrive' })).toMatch(/0 were sent back, 3 could not be/);
  const audited = await stand.db.query(`select details from dashboard_audit where action = 'redrive_matching'`);
  expect(audited).toEqual([{ details: { reason: because, cap: 3, redriven: 0, refused: 3 } }]);
  expect(seqs.length).toBe(7);
});

test('a redrive goes on where it was when its process died', async () => {
  // Good events of a consumer that gave them up, as the advisory net sets them aside.
  const message = (place: number) => ({
    subject: 'dlq.CALLS.dashboard-calls',
    stream: 'DLQ',
    messageId: `good-${place}`,
    headers: {
      ...toHeaders({ id: `good-${place}`, type: 'call.pushed', source: 'x', subject: 'call/1', time: new Date() }),
      'leadline-durable': 'dashboard-calls',
      'leadline-stream': 'CALLS',
      'leadline-seq': '1',
      'leadline-subject': 'call.pushed',
      'leadline-deliveries': '5',
      'leadline-reason': 'gave_up',
      'leadline-stored-at': new Date().toISOString(),
    },
    payload: whole.replace('T1', `G${place}`),
  });
  const dashboard = await stand.nats.connect('dashboard');
  for (let place = 0; place < 6; place++) expect((await storeMessage(dashboard, message(place))).kind).toBe('stored');
  const letters = await listDeadLetters(ops, { reason: 'gave_up' });
  // Two were sent, and the process died before the second was noted.
  const id = '11111111-2222-4333-8444-555555555555';
  const { redrive } = await import('@leadline/messaging/redrive');
  for (const { seq } of letters.slice(0, 2)) await redrive(ops, { seq, who: 'omkar', auditedBy: 'dashboard' });
  await stand.db.query(
    `insert into dashboard_redrives (id, who, reason, filter, cap, dry_run, total, redriven, started_at)
     values ($1, 'omkar', 'a test', $2, 100, false, 6, 1, now() - interval '1 minute')`,
    [id, JSON.stringify({ reason: 'gave_up', letters: letters.map(({ seq }) => seq) })],
  );
  await until('it is over', async () => (await operator.get(`/redrives/${id}`)).text.includes('finished'));
  const [run] = await stand.db.query(`select redriven, refused from dashboard_redrives where id = $1`, [id]);
  expect(run).toEqual({ redriven: 6, refused: 0 });
  const after = await listDeadLetters(ops, { reason: 'gave_up' });
  expect(after.map(({ redriven }) => redriven?.times)).toEqual([1, 1, 1, 1, 1, 1]);
});
