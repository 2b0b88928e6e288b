import { until } from '@leadline/testing/until';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { numberEnding, startSystem, type System } from './system.ts';

/**
 * What the last release answered, one file a subject. RECORD_ANSWERS=new records a command that has none yet, and
 * RECORD_ANSWERS=all records them all, on the code of a release.
 */
const samples = join(import.meta.dirname, '../../packages/contracts/samples/answers');
const recording = process.env['RECORD_ANSWERS'];

const testNumber = '+919876500042';

let system: System;
/** By subject, all that was answered. */
const answers: Record<string, unknown> = {};

const by = { who: 'asha', reason: 'a recording' };
const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'];
const said = z.object({ result: z.unknown() });

/** By the wire alone: the contracts are what is judged. */
async function command(subject: string, body: unknown): Promise<unknown> {
  const message = await system.ops.connection.request(subject, JSON.stringify(body), { timeout: 60_000 });
  const answer = said.safeParse(message.json());
  if (!answer.success || answer.data.result === undefined) throw new Error(`${subject}: ${message.string()}`);
  answers[subject] = answer.data.result;
  return answer.data.result;
}

beforeAll(async () => {
  // Nobody listens there: the source that is asked has something to tell.
  const dispatcher = { TEST_NUMBERS: testNumber };
  system = await startSystem({ overrides: { dispatcher, ingest: { TRADEINDIA_URL: 'http://127.0.0.1:9' } } });
  await system.startDashboard({ RUPEES_PER_PULSE: '0.9' });
});
afterAll(() => system.stop());

/** Somebody delivers what is no number, and a person finds the receipt. */
async function deliverRefused(): Promise<string> {
  const response = await fetch(`${system.ingestUrl}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.apiKey}` },
    body: JSON.stringify({ name: 'Ravi Kumar', phone: '022-26543210', productName: 'Paper cup machine' }),
  });
  return z.object({ receipt: z.string() }).parse(await response.json()).receipt;
}

async function askIngest(calledLead: number): Promise<void> {
  const form = z.object({ id: z.string(), url: z.string() });
  const { id, url } = form.parse(await command('ops.ingest.add_source', { who: by.who, source: 'form' }));
  const delivered = await fetch(new URL(new URL(url).pathname, system.ingestUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Meena Shah', phone: numberEnding('042'), city: 'Surat' }),
  });
  if (!delivered.ok) throw new Error(`the form's lead was refused: HTTP ${delivered.status}`);
  const polled = { who: by.who, source: 'tradeindia', secret: 'user:profile:key' };
  const asked = form.parse(await command('ops.ingest.add_source', polled));
  await system.db.query(
    `insert into awaited_leads (id, connection_id, source, source_lead_id, notification, last_error)
     values (gen_random_uuid(), $1, 'form', 'named-1', '{}', 'is not reached')`,
    [id],
  );
  await until('the vendor was asked in vain', async () => {
    const [poll] = await system.db.query(
      `select 1 from source_polls where connection_id = $1 and failed_at is not null`,
      [asked.id],
    );
    return poll !== undefined;
  });
  await command('ops.ingest.list_sources', {});
  // What it says of itself reads otherwise today.
  await system.db.query(`update leads set city = 'Rajkot' where name = 'Meena Shah'`);
  const since = new Date(Date.now() - 3_600_000).toISOString();
  await command('ops.ingest.replay', { who: by.who, since, apply: false });
  await command('ops.ingest.rotate_source', { who: by.who, id, keepOldHours: 1 });
  await command('ops.ingest.disable_source', { who: by.who, id });

  const receiptId = await deliverRefused();
  await command('ops.ingest.receipts', { limit: 20 });
  await command('ops.ingest.correct_receipt', { ...by, receiptId, phone: numberEnding('042') });
  const columns = ['name', 'phone', 'dnd', 'date'];
  const file = { who: by.who, file: 'leads.csv', columns, dryRun: false };
  await command('ops.ingest.begin_import', file);
  const cells = [
    ['Old', numberEnding('042'), '', '2020-01-02'],
    ['Wishes', numberEnding('042'), 'yes', ''],
    ['Refused', '12', '', ''],
  ];
  const rows = cells.map((row, at) => ({ row: at + 1, cells: row }));
  await command('ops.ingest.import_leads', { source: 'csv', columns, dryRun: false, rows });
  await command('ops.ingest.receipts', { leadId: calledLead });
  await command('ops.ingest.receipts', { limit: 20 });
}

async function askDispatcher(calledLead: number): Promise<void> {
  await command('ops.dispatcher.call_window', {});
  await command('ops.dispatcher.explain', { leadId: calledLead });
  await command('ops.dispatcher.stop_dialling', by);
  await command('ops.dispatcher.dialling_state', {});
  const waiting = await system.post(numberEnding('042'));
  await command('ops.dispatcher.explain', { leadId: waiting });
  const number = numberEnding('042');
  await command('ops.dispatcher.add_do_not_call', { phone: number, ...by });
  await command('ops.dispatcher.find_do_not_call', { phone: number });
  await command('ops.dispatcher.remove_do_not_call', { phone: number, ...by });
  await command('ops.dispatcher.start_dialling', by);
  const failed = await system.post(numberEnding('603'));
  await system.leadIs(failed, 'failed');
  await command('ops.dispatcher.call_again', { leadId: failed, ...by });
  await command('ops.dispatcher.compare_database', {});
}

async function askForTestCall(): Promise<void> {
  await command('ops.dispatcher.explain_test_call', { phone: testNumber });
  const made = await command('ops.ingest.make_test_lead', {
    id: randomUUID(),
    phone: testNumber,
    name: 'Test call',
    who: by.who,
  });
  const { leadId } = z.object({ leadId: z.number() }).parse(made);
  await system.callIs(leadId, 'called');
  await command('ops.crm-pusher.preview_task', { leadId });
}

async function askForCallbacks(): Promise<void> {
  const leadId = await system.post(numberEnding('277'));
  await until('its buyer is promised a call', async () => {
    const listed = await command('ops.dispatcher.list_callbacks', { leadId, state: 'waiting' });
    return z.object({ callbacks: z.array(z.unknown()) }).parse(listed).callbacks.length > 0;
  });
  const at = new Date(Date.now() + 3_600_000).toISOString();
  await command('ops.dispatcher.move_callback', { leadId, at, ...by });
  await command('ops.dispatcher.cancel_callback', { leadId, ...by });
}

async function askDashboard(calledLead: number): Promise<void> {
  await until('the read model serves', async () => {
    const state = z.object({ serving: z.unknown() }).parse(await command('ops.dashboard.build_state', {}));
    return state.serving !== null;
  });
  await command('ops.dashboard.rebuild', by);
  await until('the events of the call are kept', async () => {
    const story = z
      .object({ events: z.array(z.object({ type: z.string() })) })
      .parse(await command('ops.dashboard.lead', { leadId: calledLead }));
    return ['agent.qualified', 'agent.ended', 'call.pushed'].every((type) =>
      story.events.some((event) => event.type === type),
    );
  });
  const indianNow = new Date(Date.now() + 330 * 60_000);
  await until('the minutes are counted', async () => {
    const { calls } = z
      .object({ calls: z.number() })
      .parse(await command('ops.dashboard.minutes', { month: indianNow.toISOString().slice(0, 7) }));
    return calls > 0;
  });
}

test('services answer commands as the last release did: nothing that its command line reads is missing', async () => {
  const number = numberEnding('042');
  const calledLead = await system.post(number, { sourceLeadId: 'WEB-1' });
  await system.callIs(calledLead, 'pushed');
  await askIngest(calledLead);
  await askDispatcher(calledLead);
  await askForCallbacks();
  await askForTestCall();
  await askDashboard(calledLead);
  for (const service of services) await command(`ops.${service}.health`, { far: true });
  for (const service of services.slice(0, 4)) await command(`ops.${service}.reconcile`, by);
  for (const service of ['ingest', 'crm-pusher', 'call-tracker', 'dispatcher'])
    await command(`ops.${service}.erase`, { phone: number, ...by, dryRun: false });

  if (recording !== undefined) record(recording === 'all');
  const recorded = readdirSync(samples).map((file) => file.replace(/\.json$/, ''));
  expect(Object.keys(answers).toSorted()).toEqual(recorded.toSorted());
  for (const subject of recorded) {
    const before = shapeOf(JSON.parse(readFileSync(join(samples, `${subject}.json`), 'utf8')));
    const now = shapeOf(answers[subject]);
    const missing = [...before].filter(([path, kinds]) => ![...(now.get(path) ?? [])].some((kind) => kinds.has(kind)));
    expect([subject, missing.map(([path]) => path)]).toEqual([subject, []]);
  }
});

function record(areAll: boolean): void {
  mkdirSync(samples, { recursive: true });
  for (const [subject, answer] of Object.entries(answers)) {
    const path = join(samples, `${subject}.json`);
    if (!areAll && existsSync(path)) continue;
    const text = JSON.stringify(answer, undefined, 2).replaceAll(
      /(\/v1\/sources\/\w+\/)[\w-]{20,}/g,
      '$1token-of-the-recording',
    );
    writeFileSync(path, `${text}\n`);
  }
}

/** Each place in an answer with the kinds of value that stand there. Days and other keys of a list by key are one place. */
function shapeOf(value: unknown, path = '$', shape = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
  shape.set(path, (shape.get(path) ?? new Set()).add(kind));
  if (Array.isArray(value)) for (const item of value) shapeOf(item, `${path}[]`, shape);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value))
      shapeOf(item, `${path}.${/^\d{4}-\d\d-\d\d$/.test(key) ? 'day' : key}`, shape);
  return shape;
}
