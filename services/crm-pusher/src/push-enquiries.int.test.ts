import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSettings, testSimulatorSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCrmPusherConfig } from './config.ts';
import { start, type CrmPusher } from './start.ts';

let db: TestDatabase;
let nats: TestNats;
let crm: Simulator;
let folder: string;
const running: CrmPusher[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-crm-'));
  [db, nats] = await Promise.all([testDatabase(), testNats()]);
  crm = await startSimulator(readSimulatorConfig(testSimulatorSettings(folder)));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((pusher) => pusher.stop()));
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

const taskLines = async (): Promise<string[]> => {
  const answer = await fetch(`${crm.url}/crm/v1/tasks?limit=100`, { headers: { 'x-tenant-api-key': testKeys.crmKey } });
  const { data } = (await answer.json()) as { data: { description: string }[] };
  return data.map(({ description }) => description);
};

async function addLead(phone: string, product: string, status = 'new'): Promise<{ id: number; receipt: string }> {
  const [lead] = await db.query<{ id: number }>(
    `insert into leads (name, phone, source, product_name, status) values ('Asha Verma', $1, 'justdial', $2, $3) returning id`,
    [phone, product, status],
  );
  const receipt = randomUUID();
  await db.query(
    `insert into lead_receipts (id, source, body_hash, body, verdict, lead_id) values ($1, 'justdial', '', '', 'accepted', $2)`,
    [receipt, lead?.id],
  );
  return { id: lead?.id ?? 0, receipt };
}
const pause = (leadId: number): Promise<unknown> =>
  db.query(`insert into lead_waits (lead_id, reason, until) values ($1, 'talked_recently', now() + interval '1 day')`, [
    leadId,
  ]);

async function addEnquiry(leadId: number, product: string): Promise<string> {
  const receipt = randomUUID();
  await db.query(
    `with kept as (insert into lead_receipts (id, source, body_hash, body, verdict, lead_id)
                   values ($1, 'indiamart', '', '', 'accepted', $2))
     insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at)
     values ($1, $2, 'indiamart', $3, now())`,
    [receipt, leadId, product],
  );
  return receipt;
}

/** A lead whose call is pushed, with a task that tells these enquiries; null as an older version left it. */
async function addPushed(told: string[] | null): Promise<number> {
  const { id } = await addLead('+919000000042', 'Mill', 'dispatched');
  await db.query(
    `with c as (insert into calls (lead_id, name, phone, status, attempt, call_room, qualification, call_ended_at, crm_task_id)
                values ($1, 'Asha', '+919000000042', 'pushed', 1, 'call-1-abcdefabcdef', '{"budget":"8 lakh"}', now(), 'T') returning id)
     insert into crm_pushes (call_id, attempts, sent_at, task_id, enquiries) select id, 1, now(), 'T', $2 from c`,
    [id, told],
  );
  return id;
}
const toldRows = () =>
  db.query<{ lead_id: number; enquiry_id: string }>(
    'select lead_id, enquiry_id from crm_enquiries where told_at is not null',
  );

test('a lead that is not rung after a talk is told to the CRM once, with what joined it, over two pushers', async () => {
  const { id, receipt } = await addLead('+919821100001', 'Plate machine');
  await addEnquiry(id, 'Dona machine');
  await pause(id);
  await Promise.all([pusher(), pusher()]);
  await until('it is told', async () => (await toldRows()).length === 1);
  expect(log('task.created').map(({ room }) => room)).toEqual([`enquiry-${receipt}`]);
  const [text = ''] = await taskLines();
  expect(text).toContain('Plate machine');
  expect(text).toContain('Dona machine');
  // One that comes after that has a task of its own, and no other enquiry is told again.
  await addEnquiry(id, 'Forklift');
  await until('the next one is told', async () => (await toldRows()).length === 2);
  const later = (await taskLines()).at(-1) ?? '';
  expect(later).toContain('Forklift');
  expect(later).not.toContain('Dona machine');
});

test('an answer that is lost makes no second task', async () => {
  await faults({ dropAfterCreate: true });
  const { id } = await addLead('+919821100002', 'Plate machine');
  await addEnquiry(id, 'Dona machine');
  await pause(id);
  await pusher();
  await until('the answer is lost', () => log('task.created').length === 1);
  await faults({});
  await until('it is found', async () => (await toldRows()).length === 1);
  expect(log('task.created')).toHaveLength(1);
  expect(await db.query('select cardinality(enquiries) as n from crm_enquiries')).toEqual([{ n: 2 }]);
});

test('an enquiry that joined when the task was written already gets one of its own; one that the task tells does not', async () => {
  const id = await addPushed([]);
  await db.query('update crm_pushes set enquiries = $1', [[await addEnquiry(id, 'Dona machine')]]);
  const late = await addEnquiry(id, 'Forklift');
  await pusher();
  await until('it is told', async () => (await toldRows()).length === 1);
  expect(await toldRows()).toEqual([{ lead_id: id, enquiry_id: late }]);
  expect(await taskLines()).toEqual([expect.stringContaining('Forklift')]);
});

test('what an older version’s task told goes by the time of its POST', async () => {
  const id = await addPushed(null);
  const early = await addEnquiry(id, 'Dona machine');
  await db.query(`update lead_enquiries set added_at = now() - interval '1 hour' where receipt_id = $1`, [early]);
  const late = await addEnquiry(id, 'Forklift');
  await pusher();
  await until('it is told', async () => (await toldRows()).length === 1);
  expect(await toldRows()).toEqual([{ lead_id: id, enquiry_id: late }]);
});

test('nothing is told of a lead that is rung after all, nor of one whose call has not ended', async () => {
  const broken = await addLead('+919821100003', 'Plate machine');
  await db.query(`insert into crm_enquiries (enquiry_id, lead_id) values ($1, $2)`, [broken.receipt, broken.id]);
  const ringing = await addPushed([]);
  await db.query(`update leads set status = 'new' where id = $1`, [ringing]);
  await db.query(
    `insert into calls (lead_id, phone, status, attempt, call_room) values ($1, '+919000000042', 'calling', 2, 'call-2-abcdefabcdef')`,
    [ringing],
  );
  await addEnquiry(ringing, 'Forklift');
  await pusher();
  await until('it is forgotten', async () => (await db.query('select from crm_enquiries')).length === 0);
  expect(log('task.created')).toEqual([]);
});

test('what the CRM refuses is seen, and asked for again later', async () => {
  await faults({ refuseTasks: true });
  const { id } = await addLead('+919821100004', 'Plate machine');
  await pause(id);
  await pusher();
  const refused = () =>
    db.query<{ last_error: string }>('select last_error from crm_enquiries where failed_at is not null');
  await until('it is refused', async () => (await refused()).length === 1);
  expect(await refused()).toEqual([{ last_error: 'refused_422' }]);
  await faults({});
  await db.query(`update crm_enquiries set failed_at = failed_at - interval '2 hours'`);
  await until('it is told', async () => (await toldRows()).length === 1);
});
