import { storeMessage } from '@leadline/messaging/stored-message';
import { until } from '@leadline/testing/until';
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from './leadline-command.ts';
import { numberEnding, startSystem, type System } from './system.ts';
import { findText } from './find-text.ts';

let system: System;
let leadline: LeadlineCommand;
let folder: string;
let dashboard: { stop(): Promise<void> };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-command-'));
  system = await startSystem({ overrides: { ingest: { TRADEINDIA_URL: 'http://127.0.0.1:9' } } });
  dashboard = await system.startDashboard();
  leadline = leadlineCommand(system.nats, { DISPATCHER_URL: system.dispatcherUrl, OPS_KEY: system.opsKey });
});
afterAll(async () => {
  await system.stop();
  rmSync(folder, { recursive: true, force: true });
});

const qualified = async (): Promise<number> => {
  const id = await system.post(numberEnding('042'));
  await system.callIs(id, 'pushed');
  return id;
};

test('tail shows what became of one lead, the agent’s reports too, in each form', async () => {
  const id = await qualified();
  const other = await qualified();
  const { code, out, err } = await leadline.run('tail', '--lead', String(id), '--no-follow', '--last', '100');
  expect([code, err]).toEqual([0, '']);
  for (const step of ['came in from website', 'rings', 'is answered', 'the agent learnt', 'is qualified', 'in the CRM'])
    expect(out).toContain(step);
  expect(out).not.toContain(`lead ${other} `);
  // No terminal, no colour.
  expect(out).not.toContain('\u001b');

  const json = await leadline.run('tail', 'call.qualified', '--since', '1h', '--no-follow', '-o', 'json');
  const lines = json.out.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { leadId: number }).leadId)).toEqual([id, other]);
  const raw = await leadline.run('tail', 'lead.created', '--from-seq', '1', '--no-follow', '-o', 'raw');
  expect(JSON.parse(raw.out.split('\n')[0] ?? '')).toMatchObject({ leadId: id, source: 'website' });
  const last = await leadline.run('tail', 'lead.created', '--last', '1', '--no-follow', '-o', 'raw');
  expect(JSON.parse(last.out)).toMatchObject({ leadId: other });
});

test('tail follows, one lead or only failures, until Ctrl-C', async () => {
  const failures = leadline.start('tail', '--failed', '--since', '1s');
  const id = (await qualified()) + 1;
  const one = leadline.start('tail', '--lead', String(id), '--since', '1s', '-o', 'json');
  expect(await system.post(numberEnding('486'))).toBe(id);
  await until('the failure is shown', () => failures.out().includes('failed: rejected (SIP 486)'));
  await until('the lead is shown', () => one.out().includes('"call.failed"') && one.out().includes('"agent.ready"'));
  expect(failures.out()).not.toContain('came in');
  expect((await failures.end('SIGINT')).code).toBe(130);
  await one.end('SIGINT');
});

test('the stop switch works, and over HTTP where NATS does not answer', async () => {
  const stop = await leadline.run('dialling', 'stop', '--reason', 'wrong script');
  expect(stop.code).toBe(0);
  expect(await leadline.json('dialling', 'status')).toMatchObject({
    state: 'stopped',
    stoppedBy: 'asha',
    reason: 'wrong script',
  });
  const cut = leadlineCommand(system.nats, {
    NATS_URL: 'nats://127.0.0.1:1',
    DISPATCHER_URL: system.dispatcherUrl,
    OPS_KEY: system.opsKey,
  });
  const start = await cut.run('dialling', 'start', '--reason', 'script repaired', '-o', 'json');
  expect([start.code, JSON.parse(start.out)]).toMatchObject([0, { state: 'running' }]);
  expect(start.err).toContain('asking the dispatcher over HTTP');
});

test('lead tells why one was not called', async () => {
  await leadline.run('dialling', 'stop');
  const id = await system.post(numberEnding('042'));
  const story = await until('the dashboard knows it', async () => {
    const told = (await leadline.json('lead', String(id))) as { events: unknown[] };
    return told.events.length > 0 && told;
  });
  expect(story).toMatchObject({
    lead: { id, status: 'new', source: 'website' },
    explanation: { kind: 'wait', reason: 'stopped' },
    receipts: [{ verdict: 'accepted' }],
    silent: [],
  });
  const { out } = await leadline.run('lead', String(id));
  expect(out).toContain('now: it waits: stopped');
  expect(await leadline.run('lead', '999999')).toMatchObject({
    code: 1,
    err: 'leadline: no service knows a lead 999999\n',
  });
  await leadline.run('dialling', 'start', '--reason', 'test');
  await system.callIs(id, 'pushed');
});

test('a failed lead is called once more, and the do-not-call list is kept', async () => {
  const number = numberEnding('042');
  const kept = await leadline.json('do-not-call', 'add', number, '--reason', 'asked by mail');
  expect(kept).toMatchObject({ onTheList: true, reason: 'asked by mail' });
  const refused = await system.post(number);
  await system.leadIs(refused, 'failed');
  expect(system.invites(number)).toBe(0);
  expect(await leadline.json('do-not-call', 'remove', number, '--reason', 'mistake')).toMatchObject({
    onTheList: false,
  });
  expect(await leadline.json('call-again', String(refused), '--reason', 'mistake')).toMatchObject({ status: 'new' });
  await system.callIs(refused, 'pushed');
  const again = await leadline.run('call-again', String(refused), '--reason', 'x');
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('not failed') as string });
});

test('a promised call is listed, moved and cancelled, and it is written down who did it', async () => {
  const number = numberEnding('042');
  await system.script(number, [{ talkMs: 1_000, agent: { reports: [], callback: { inMs: 3_600_000 } } }]);
  const id = await system.post(number);
  const listed = (...more: string[]) => leadline.json('callbacks', 'list', '--lead', String(id), ...more);
  await until('its buyer is promised a call', async () => {
    const waiting = await listed('--state', 'waiting');
    return Array.isArray(waiting) && waiting.length === 1;
  });
  expect(await listed()).toMatchObject([{ leadId: id, state: 'waiting', keptBy: 'agent', why: null }]);
  const { out } = await leadline.run('callbacks', 'list', '--lead', String(id));
  expect(out).toMatch(new RegExp(`^ *${id} .* agent +waiting$`, 'm'));

  const at = new Date(Date.now() + 7_200_000).toISOString();
  const moved = await leadline.json('callbacks', 'move', String(id), at, '--reason', 'asked by mail');
  expect(moved).toMatchObject({ at });
  expect(await listed()).toMatchObject([{ state: 'waiting', at }, { state: 'moved' }]);
  const past = await leadline.run('callbacks', 'move', String(id), '2020-01-01T10:00:00+05:30', '--reason', 'x');
  expect(past).toMatchObject({ code: 1, out: '' });
  const unsaid = await leadline.run('callbacks', 'cancel', String(id));
  expect(unsaid.code).not.toBe(0);

  await leadline.json('callbacks', 'cancel', String(id), '--reason', 'bought elsewhere');
  expect(await listed('--state', 'waiting')).toEqual([]);
  expect((await leadline.run('callbacks', 'list', '--lead', String(id), '--state', 'waiting')).out).toContain('nobody');
  const again = await leadline.run('callbacks', 'cancel', String(id), '--reason', 'x');
  expect(again).toMatchObject({ code: 1, out: '' });
  const audited = await system.db.query(
    `select action, who, reason from dispatcher_audit where lead_id = $1 order by id`,
    [id],
  );
  expect(audited).toMatchObject([
    { who: 'asha', reason: 'asked by mail' },
    { who: 'asha', reason: 'bought elsewhere' },
  ]);
  expect(system.invites(number)).toBe(1);
});

test('dead letters are listed, shown, and go back repaired', async () => {
  const before = ((await leadline.json('dlq', 'list')) as unknown[]).length;
  const id = await qualified();
  const [call] = await system.calls(id);
  const room = call?.call_room ?? '';
  const broken = JSON.stringify({ room: [room], mode: 'sarvam', qualification: 'eight lakh' });
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': randomUUID(),
    'ce-type': 'agent.qualified',
    'ce-source': 'agent',
    'ce-subject': room,
    'ce-time': new Date().toISOString(),
  };
  const message = { subject: 'agent.qualified', stream: 'AGENT', messageId: randomUUID(), headers, payload: broken };
  expect(await storeMessage(system.ops, message)).toMatchObject({ kind: 'stored' });
  const letters = await until('it is set aside', async () => {
    const listed = (await leadline.json('dlq', 'list')) as { seq: number; durable: string }[];
    return listed.length > before && listed;
  });
  const letter = letters.find(({ durable }) => durable === 'call-tracker-agent');
  const seq = String(letter?.seq);
  expect((await leadline.run('dlq', 'show', seq)).out).toContain('"qualification": "eight lakh"');

  const unrepaired = await leadline.run('dlq', 'redrive', seq);
  expect(unrepaired).toMatchObject({ code: 1, err: expect.stringContaining('room') as string });
  const all = await leadline.run('dlq', 'redrive', '--durable', 'call-tracker-agent', '--dry-run');
  expect(all).toMatchObject({ code: 1, out: expect.stringContaining('0 would go back, 1 refused') as string });
  const unconfirmed = await leadline.run('dlq', 'redrive', '--durable', 'call-tracker-agent');
  expect(unconfirmed).toMatchObject({ code: 2, err: expect.stringContaining('--yes') as string });

  const repaired = { room, mode: 'sarvam', qualification: { budget: '8 lakh', own_brand: 'no' } };
  writeFileSync(join(folder, 'payload.json'), JSON.stringify(repaired));
  const dry = await leadline.run('dlq', 'redrive', seq, '--payload', join(folder, 'payload.json'), '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('would go back') as string });
  const sent = await leadline.runWith(JSON.stringify(repaired), 'dlq', 'redrive', seq, '--payload', '-');
  expect(sent.code).toBe(0);
  await until('the answers are stored', async () => (await system.calls(id))[0]?.qualification?.['own_brand'] === 'no');
  expect(((await leadline.json('dlq', 'list')) as unknown[]).length).toBe(letters.length - 1);
});

const findEverywhere = (text: string): Promise<string[]> => findText(text, system, leadline);

test('a person is erased everywhere, and what was sent before does not bring them back', async () => {
  const number = numberEnding('042');
  const enquiry = {
    name: 'Bhanumati Iyengar',
    email: 'bhanu@example.in',
    city: 'Madurai',
    message: 'ring after six',
    sourceLeadId: 'erased-1',
    enquiredAt: new Date(Date.now() - 60_000).toISOString(),
  };
  const id = await system.post(number, enquiry);
  const call = await system.callIs(id, 'pushed');
  const answer = Object.values(call.qualification ?? {})[0] ?? '';
  await system.db.query(`update calls set qualification = jsonb_build_object('location', 'Rameswaram') where id = $1`, [
    call.id,
  ]);
  expect(answer).not.toBe('');
  const minutes = (await leadline.json('minutes')) as { calls: number };

  const asked = ['erase', number, '--reason', 'asked by mail'];
  expect((await leadline.run(...asked)).code).toBe(2);
  const rehearsed = await leadline.run(...asked, '--dry-run');
  expect(rehearsed).toMatchObject({
    code: 0,
    out: expect.stringContaining('would erase of ingest: 1 leads') as string,
  });
  expect(await findEverywhere(number.slice(-10))).toContain('leads');
  const done = (await leadline.json(...asked, '--yes')) as Record<
    string,
    { counts: Record<string, number>; left: string[] }
  >;
  expect(done).toMatchObject({
    ingest: { counts: { leads: 1, deliveries: 1 } },
    'call-tracker': { counts: { answers: 1 } },
    dispatcher: { counts: { calls: 1, dials: 1 } },
  });
  expect(done['call-tracker']?.counts['reports']).toBeGreaterThan(0);
  expect(done['crm-pusher']?.left.join()).toContain(call.crm_task_id);

  for (const text of [number.slice(-10), 'Bhanumati', 'bhanu@example.in', 'Madurai', 'ring after six', 'Rameswaram'])
    expect([text, await findEverywhere(text)]).toEqual([text, []]);
  const told = await leadline.run('tail', '--lead', String(id), '--last', '100', '--no-follow');
  expect(told.out).toContain('is qualified');
  expect(told.out).not.toContain('the agent learnt');
  expect((await system.calls(id)).map(({ status }) => status)).toEqual(['pushed']);
  await until('the minutes are as before', async () => {
    const now = (await leadline.json('minutes')) as { calls: number };
    return now.calls >= minutes.calls;
  });

  // Once more finds nothing; the same delivery is the repeat that it is; an old list brings nobody back.
  expect((await leadline.run(...asked, '--yes')).out).toContain('nothing to erase for this number');
  expect(await system.post(number, enquiry)).toBe(id);
  await expect(system.post(number, { ...enquiry, sourceLeadId: 'erased-2' })).rejects.toThrow('HTTP 422');
  expect(await findEverywhere('Bhanumati')).toEqual([]);
  expect(system.invites(number)).toBe(1);
  // A new enquiry is a new enquiry.
  const again = await system.post(number, { sourceLeadId: 'erased-3' });
  await system.callIs(again, 'pushed');
});

test('nobody is erased while their phone rings; one whose dial waits is, and is not rung', async () => {
  const ringing = numberEnding('180');
  await system.post(ringing);
  await until('it rings', () => system.phone(ringing).some(({ event }) => event === 'ringing'));
  const refused = await leadline.run('erase', ringing, '--reason', 'asked', '--yes');
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/goes on|may still ring/) as string });
  expect(await findEverywhere(ringing.slice(-10))).toContain('leads');

  await leadline.run('dialling', 'stop');
  const waiting = numberEnding('042');
  const id = await system.post(waiting);
  expect((await leadline.run('erase', waiting, '--reason', 'asked', '--yes')).code).toBe(0);
  await leadline.run('dialling', 'start', '--reason', 'test');
  expect(await system.leadIs(id, 'failed')).toMatchObject({ failure_reason: 'invalid_number' });
  expect([await findEverywhere(waiting.slice(-10)), system.invites(waiting)]).toEqual([[], 0]);
});

test('the minutes of this month are those of the calls table, and stay so when they are counted anew', async () => {
  const expected = async (): Promise<{ calls: number; minutes: number }> => {
    const [sum] = await system.db.query<{ calls: number; minutes: number }>(
      `select count(*)::int as calls, coalesce(sum(duration_seconds), 0)::float8 / 60 as minutes
         from calls where status <> 'calling'`,
    );
    return sum ?? { calls: 0, minutes: 0 };
  };
  type Minutes = { calls: number; minutes: number; bySource: Record<string, { minutes: number }> };
  // Retries of earlier tests may still end in between.
  const compare = (): Promise<unknown> =>
    until('all calls are counted', async () => {
      const report = (await leadline.json('minutes')) as Minutes;
      const { calls, minutes } = await expected();
      expect(report.calls).toBe(calls);
      expect(report.minutes).toBeCloseTo(minutes, 6);
      expect(report.bySource['website']?.minutes).toBeCloseTo(minutes, 6);
      return true;
    });
  await compare();
  const rebuilt = await leadline.json('dashboard', 'rebuild', '--reason', 'test');
  expect(rebuilt).toMatchObject({ serving: true });
  await compare();
});

test('reconcile asks first, then tells what the four services took in', async () => {
  expect((await leadline.run('reconcile', '--reason', 'test')).code).toBe(2);
  expect(await leadline.json('reconcile', '--reason', 'test', '--yes')).toMatchObject({
    ingest: { events: 0, lostLeads: [], lostEnquiries: [] },
    'crm-pusher': { events: 0 },
    dispatcher: { dialledLeads: [], diallingFrom: null },
    stillUnknown: [],
  });
});

test('lag tells what waits for consumers, and in the outboxes', async () => {
  const lag = (await leadline.json('lag')) as Record<'consumers' | 'outboxes', Record<string, unknown>[]>;
  expect(lag.consumers).toContainEqual(expect.objectContaining({ name: 'crm-pusher', stream: 'CALLS', waiting: 0 }));
  expect(lag.outboxes.map(({ service, failed }) => [service, failed])).toEqual(
    ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'].map((service) => [service, 0]),
  );
  expect((await leadline.run('lag')).out).toMatch(/dispatcher-leads +LEADS +0/);
});

test('doctor finds what is wrong, and says what to do', async () => {
  const well = await leadline.run('doctor');
  expect(well.out).toContain('nothing to repair');
  for (const part of ['NATS', 'dispatcher: livekit', 'call-tracker: livekit', 'crm-pusher: crm', 'dashboard', 'clocks'])
    expect(well.out).toContain(`✓ ${part}`);
  await system.faults({ noTrunk: true });
  const ill = await leadline.run('doctor', '-o', 'json');
  await system.faults({ noTrunk: false });
  const found = JSON.parse(ill.out) as { about: string; verdict: string; fix?: string }[];
  expect([ill.code, found.filter(({ verdict }) => verdict === 'bad')]).toEqual([
    1,
    [expect.objectContaining({ about: 'dispatcher: livekit', fix: 'check SIP_TRUNK_ID' })],
  ]);
  const cut = leadlineCommand(system.nats, { NATS_URL: 'nats://127.0.0.1:1' });
  expect(await cut.run('doctor')).toMatchObject({ code: 1, out: expect.stringContaining('✗ NATS') as string });
});

test.for([
  [['taill'], 2, 'unknown command'],
  [['tail', '--since', 'yesterday'], 2, '15m'],
  [['tail', 'orders.new'], 2, 'no stream keeps'],
  [['tail', '--from-seq', '1'], 2, 'one stream'],
  [['call-again', '17'], 2, '--reason'],
  [['dlq', 'show', '999999'], 1, 'no dead letter 999999'],
  [['dlq', 'redrive', '1', '--payload', 'nowhere.json'], 2, "can't be read"],
  [['do-not-call', 'show', '12'], 1, 'phone'],
  [['minutes', '--month', '2026-13'], 2, '2026-10'],
] as const)('%o ends with %i and says what is wrong', async ([args, code, words]) => {
  const ended = await leadline.run(...args);
  expect(ended).toMatchObject({ code, out: '', err: expect.stringContaining(words) as string });
});

test('where nobody is to be reached it says so and ends with 3', async () => {
  const wrong = leadlineCommand(system.nats, { NATS_PASS: 'guess' });
  expect(await wrong.run('dlq', 'list')).toMatchObject({
    code: 3,
    err: expect.stringContaining('NATS_PASS') as string,
  });
  const nowhere = leadlineCommand(system.nats, { NATS_URL: '' });
  expect(await nowhere.run('dlq', 'list')).toMatchObject({
    code: 2,
    err: expect.stringContaining('npm start') as string,
  });
});

test('a shell completes commands, options and choices', async () => {
  const { out } = await leadline.run('completion', 'bash');
  const complete = (...words: string[]): string[] => {
    const script = `${out}\nCOMP_WORDS=(leadline ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _leadline; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split(' ');
  };
  expect(complete('dlq', 're')).toEqual(['redrive']);
  expect(complete('tail', '--time', '')).toEqual(['ist', 'utc']);
  expect(complete('dialling', 'stop', '--re')).toEqual(['--reason']);
  expect(complete('completion', 'f')).toEqual(['fish']);
  expect(complete('dlq', 'list', '--nats-u')).toEqual(['--nats-url', '--nats-user']);
  // What a value is called leads nowhere.
  expect(complete('dlq', 'list', '--durable', 'tail', '--al')).toEqual(['--all']);
  for (const shell of ['zsh', 'fish']) expect((await leadline.run('completion', shell)).out).toContain('do-not-call');
});

test('while the dashboard is silent, a lead is told from the streams', async () => {
  const id = await qualified();
  system.services.splice(system.services.indexOf(dashboard), 1);
  await dashboard.stop();
  const { code, out, err } = await leadline.run('lead', String(id));
  expect([code, err]).toEqual([0, expect.stringContaining('no answer from dashboard')]);
  for (const step of ['came in from website', 'the agent learnt', 'in the CRM']) expect(out).toContain(step);
});

test('a source is added, tried with the curl that is shown, listed, rotated and disabled', async () => {
  const added = await leadline.run('sources', 'add', 'justdial', '--who', 'test', '-o', 'json');
  expect(added.code).toBe(0);
  const { id, source, url, curl } = JSON.parse(added.out) as Record<'id' | 'source' | 'url' | 'curl', string>;
  expect([source, new URL(url).origin]).toEqual(['justdial', system.ingestUrl]);
  // Ingest runs in this process: it must be able to answer meanwhile.
  const tried = await promisify(execFile)('bash', ['-c', curl.replace('-i', '-s')]);
  expect(tried.stdout).toBe('SUCCESS');

  const listed = await leadline.run('sources', 'list');
  expect(listed.out).toMatch(new RegExp(`${id}\\s+justdial.* 0 +0 +1`));
  expect(listed.out).not.toContain(url.split('/').at(-1));
  const rotated = await leadline.run('sources', 'rotate', id ?? '', '--who', 'test');
  expect(rotated.out).toContain('Enter this address');
  const disabled = await leadline.run('sources', 'disable', id ?? '', '--who', 'test', '--yes');
  expect([disabled.code, disabled.out]).toEqual([0, `${id} is disabled\n`]);
  const wrong = await leadline.run('sources', 'add', 'nobody', '--who', 'test');
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('must be one of');
});

test('of a vendor that is asked, the list tells when it was read and what is wrong', async () => {
  const secret = '4711:815:key-of-the-seller';
  const added = await leadline.json('sources', 'add', 'tradeindia', '--secret', secret, '--who', 'test');
  const { id } = added as { id: string };
  type Listed = { id: string; poll: { readAt: string | null; failedAt: string | null; error: string | null } | null };
  const list = async (): Promise<Listed[]> => (await leadline.json('sources', 'list')) as Listed[];
  const { poll } = await until('it failed', async () =>
    (await list()).find((one) => one.id === id && (one.poll?.error ?? null) !== null),
  );
  expect(poll).toEqual({
    readAt: null,
    failedAt: expect.stringMatching(/Z$/),
    error: expect.stringMatching(/^TradeIndia /),
    blankSince: null,
  });
  const lineOf = async (): Promise<string> =>
    (await leadline.run('sources', 'list')).out.split('\n').find((line) => line.startsWith(id)) ?? '';
  expect(await lineOf()).toMatch(/ never +TradeIndia no answer/);
  await system.db.query(`update source_polls set succeeded_at = '2026-11-24T19:00:00Z' where connection_id = $1`, [id]);
  expect(await lineOf()).toContain(' 25 Nov 00:30:00  TradeIndia ');
  expect((await list()).find((one) => one.id === id)?.poll?.readAt).toBe('2026-11-24T19:00:00.000Z');
  // Whoever is not asked has nothing of it.
  expect((await list()).some((one) => one.poll === null)).toBe(true);
});
