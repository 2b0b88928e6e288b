import { erase } from '@leadline/contracts/commands/erase';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ingest } from '../start.ts';
import { startStand, type Stand } from '../../test/start-ingest.ts';

let stand: Stand;
let db: TestDatabase;
let ops: Nats;
let ingest: Ingest;

beforeAll(async () => {
  stand = await startStand();
  ({ db, ops } = stand);
  ingest = await stand.launch();
});
afterAll(() => stand.stop());

/** Without a name it is refused, and kept as it came. */
async function postRefused(body: string): Promise<void> {
  const headers = { authorization: 'Bearer test-key-of-website' };
  const { status } = await fetch(`${ingest.url}/v1/leads`, { method: 'POST', headers, body });
  expect(status).toBe(422);
}
const eraseOf = (phone: string, dryRun = false) =>
  ask(ops, erase.ingest, { phone, who: 'test', reason: 'asked by mail', dryRun });
const bodies = async (): Promise<string[]> => {
  const receipts = await db.query<{ body: string }>(
    `select concat_ws(' ', nullif(body, ''), query, phone_raw) as body from lead_receipts order by received_at, id`,
  );
  return receipts.flatMap(({ body }) => (body === '' ? [] : [body]));
};

test('what was refused is emptied however the number is written in it, and nobody else’s', async () => {
  const others = ['९८७६५४३२११', '98765 43211', '%2B91+98765+43211', 'न 98765'];
  for (const phone of [
    '+91-98765 43210',
    '098765 43210',
    '९८७६५४३२१०',
    '९८७६५ ४३२१०',
    '９８７６５４３２１０',
    ...others,
  ])
    await postRefused(JSON.stringify({ phone, remark: 'दाम बताइए' }));
  await postRefused(String.raw`{"phone":"\u096f\u096e\u096d\u096c\u096b\u096a\u0969\u0968\u0967\u0966"}`);
  await db.query(
    `insert into lead_receipts (id, source, body_hash, body, query, phone_raw, verdict)
     select gen_random_uuid(), 'justdial', '', body, query, phone_raw, 'rejected'
       from jsonb_to_recordset($1::jsonb) as r(body text, query text, phone_raw text)`,
    [
      JSON.stringify([
        { body: `phone=${encodeURIComponent('९८७६५-४३२१०')}` },
        { body: 'phone=%2B91+98765+43210' },
        { body: '', query: 'mobile=98765%2043210' },
        { body: '', phone_raw: '98765 43210, 9876543219' },
      ]),
    ],
  );
  // More than are looked through at once.
  await db.query(
    `insert into lead_receipts (id, source, body_hash, body, verdict)
     select gen_random_uuid(), 'justdial', '', '१२३' || n, 'rejected' from generate_series(1, 450) as n`,
  );
  const before = await bodies();
  const rehearsed = await eraseOf('9876543210', true);
  expect([rehearsed.counts['deliveries'], await bodies()]).toEqual([10, before]);
  expect((await eraseOf('9876543210')).counts['deliveries']).toBe(10);
  const left = await bodies();
  expect(left).toHaveLength(before.length - 10);
  for (const other of others) expect(left.join()).toContain(other);
  expect((await eraseOf('9876543210')).counts['deliveries']).toBe(0);
});
