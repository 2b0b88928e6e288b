import { fromHeaders } from '@leadline/contracts/envelope';
import { leadEnquiryAdded } from '@leadline/contracts/events/lead-enquiry-added';
import type { TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

let stand: Stand;
let db: TestDatabase;
let replicas: Ingest[];

beforeAll(async () => {
  stand = await startStand();
  ({ db } = stand);
  const settings = { API_KEYS: 'website:test-key-of-website,justdial:test-key-of-justdial' };
  replicas = [await stand.launch(settings), await stand.launch(settings)];
});
afterAll(() => stand.stop());

let sent = 0;
/** To one replica, then the other. */
async function post(body: Record<string, unknown>, source = 'website'): Promise<number> {
  sent++;
  const response = await fetch(`${replicas[sent % 2]?.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer test-key-of-${source}` },
    body: JSON.stringify({ name: 'Asha Verma', ...body }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: number }).id;
}
const numberOf = async (phone: string) => {
  const [found] = await db.query<{ leads: number; enquiries: number; created: number; added: number }>(
    `select count(*)::int as leads,
            (select count(*)::int from lead_enquiries e join leads l on l.id = e.lead_id where l.phone = $1) as enquiries,
            (select count(*)::int from ingest_outbox o join leads l on o.aggregate = 'lead/' || l.id
              where l.phone = $1 and subject = 'lead.created') as created,
            (select count(*)::int from ingest_outbox o join leads l on o.aggregate = 'lead/' || l.id
              where l.phone = $1 and subject = 'lead.enquiry_added') as added
       from leads where phone = $1`,
    [phone],
  );
  return found;
};
/** As the dispatcher leaves them: an attempt, with its call and dial. */
async function callOf(leadId: number, status: string, decidedAt: string | null): Promise<void> {
  const [call] = await db.query<{ id: number }>(
    `insert into calls (lead_id, phone, status, attempt, call_room)
     select id, phone, 'calling', 1, 'call-' || id from leads where id = $1 returning id`,
    [leadId],
  );
  await db.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, decided_at) values ($1, $2, 1, '', 'test', now(), $3)`,
    [call?.id, leadId, decidedAt],
  );
  await db.query(`update calls set status = $2 where id = $1`, [call?.id, status]);
}

test('a buyer who asks again over another source joins the lead that waits, with product and event', async () => {
  const first = await post({ phone: '98765 10001', productName: 'Paper cup machine' });
  const second = await post(
    { phone: '+91-98765-10001', productName: 'Dona machine', message: 'Price?', sourceLeadId: 'J-1' },
    'justdial',
  );
  expect(second).toBe(first);
  expect(await numberOf('+919876510001')).toEqual({ leads: 1, enquiries: 1, created: 1, added: 1 });
  const [enquiry] = await db.query<{ receipt_id: string }>(
    `select receipt_id, source, product_name, query_message, dnd_flag from lead_enquiries where lead_id = $1`,
    [first],
  );
  expect(enquiry).toEqual({
    receipt_id: expect.any(String),
    source: 'justdial',
    product_name: 'Dona machine',
    query_message: 'Price?',
    dnd_flag: null,
  });
  const [event] = await db.query<{ headers: Record<string, string>; payload: unknown }>(
    `select headers, payload from ingest_outbox where aggregate = $1 and subject = 'lead.enquiry_added'`,
    [`lead/${first}`],
  );
  expect(leadEnquiryAdded.schema.parse(event?.payload)).toMatchObject({
    leadId: first,
    source: 'website',
    enquirySource: 'justdial',
    enquiryId: enquiry?.receipt_id,
  });
  expect(fromHeaders((name) => event?.headers[name]).type).toBe('lead.enquiry_added');
});

test('a repeat of an enquiry that joined gets the first answer and adds nothing', async () => {
  const first = await post({ phone: '9876510002', sourceLeadId: 'W-2a' });
  for (let n = 0; n < 3; n++) expect(await post({ phone: '9876510002', sourceLeadId: 'W-2b' })).toBe(first);
  expect(await numberOf('+919876510002')).toEqual({ leads: 1, enquiries: 1, created: 1, added: 1 });
});

test('a hundred enquiries of one number at the same moment over two replicas are one lead', async () => {
  const ids = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      post(
        { phone: n % 2 === 0 ? '9876510003' : '09876510003', sourceLeadId: `same-moment-${n % 50}` },
        n % 3 === 0 ? 'justdial' : 'website',
      ),
    ),
  );
  expect(new Set(ids).size).toBe(1);
  const receipts = await db.query(`select id from lead_receipts where source_lead_id like 'same-moment-%'`);
  expect(await numberOf('+919876510003')).toEqual({
    leads: 1,
    enquiries: receipts.length - 1,
    created: 1,
    added: receipts.length - 1,
  });
});

test('many numbers crossing each other between two replicas are one lead each', async () => {
  const phones = Array.from({ length: 60 }, (_, n) => `98765200${String(n).padStart(2, '0')}`);
  const rounds = await Promise.all(
    [phones, phones.toReversed(), phones, phones.toReversed()].map((order) =>
      Promise.all(order.map(async (phone) => [phone, await post({ phone })] as const)),
    ),
  );
  for (const [, of] of Map.groupBy(rounds.flat(), ([phone]) => phone))
    expect(new Set(of.map(([, id]) => id)).size).toBe(1);
});

test.for([
  [
    'waits for its next try',
    `update leads set retry_after = now() + interval '2 hours' where id = $1`,
    undefined,
    'joins',
  ],
  ['is in a call', `update leads set status = 'dispatched' where id = $1`, ['calling', null], 'joins'],
  ['has a call that is not decided', `update leads set status = 'dispatched' where id = $1`, ['failed', null], 'joins'],
  ['has had its call', `update leads set status = 'dispatched' where id = $1`, ['called', '2026-11-25'], 'is new'],
  ['was given up', `update leads set status = 'failed' where id = $1`, undefined, 'is new'],
  [
    'came before the days that count',
    `update leads set created_at = now() - interval '8 days' where id = $1`,
    undefined,
    'is new',
  ],
  [
    'is on a do-not-disturb list',
    `insert into lead_origins (lead_id, connection_id, dnd_flag, is_test) values ($1, gen_random_uuid(), true, false)`,
    undefined,
    'is new',
  ],
] as [string, string, [string, string | null] | undefined, string][])(
  'while the earlier lead %s, the next enquiry %s',
  async ([what, change, call, expected]) => {
    const phone = `98765300${String(what.length).padStart(2, '0')}`;
    const first = await post({ phone });
    if (call !== undefined) await callOf(first, ...call);
    await db.query(change, [first]);
    const second = await post({ phone });
    expect(second === first ? 'joins' : 'is new').toBe(expected);
  },
);

test('an old program’s lead of the same number is joined too', async () => {
  const [old] = await db.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Old', '9876510009', 'import') returning id`,
  );
  expect(await post({ phone: '9876510009' })).toBe(old?.id);
});

test('a source may ask for the lead that its enquiry joined', async () => {
  const first = await post({ phone: '9876510010' });
  const ask = (source: string) =>
    fetch(`${replicas[0]?.url}/v1/leads/${first}`, { headers: { authorization: `Bearer test-key-of-${source}` } });
  expect((await ask('justdial')).status).toBe(404);
  await post({ phone: '9876510010' }, 'justdial');
  expect((await ask('justdial')).status).toBe(200);
});
