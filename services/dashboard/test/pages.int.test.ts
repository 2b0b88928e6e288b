import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, visitor, type Stand } from './start-dashboard.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.stop());

async function insertLead(phone: string, source = 'website'): Promise<number> {
  const [lead] = await stand.db.query<{ id: number }>(
    `insert into leads (name, phone, source, product_name) values ('Asha Verma', $1, $2, 'Paper cup machine') returning id`,
    [phone, source],
  );
  return lead?.id ?? 0;
}

test('a lead that came in today stands in the funnel, by whatever way it came', async () => {
  const person = await stand.as('viewer');
  expect((await person.get('/')).text).toContain('No lead of this day was dialled yet.');
  await insertLead('+919000000042');
  const { text } = await until('it is counted', async () => {
    const answer = await person.get('/');
    return /Received<\/th>[^]*?<strong>1<\/strong>/.test(answer.text) && answer;
  });
  expect(text).toContain('dispatcher does not answer');
});

test('whoever has not logged in is sent to do so, and back afterwards', async () => {
  const stranger = visitor(stand.url);
  const answer = await stranger.get('/minutes?month=2026-10');
  expect(answer).toMatchObject({ status: 303, location: '/login?next=%2Fminutes%3Fmonth%3D2026-10' });
});

test('a viewer sees masked numbers, an operator whole ones', async () => {
  const id = await insertLead('+919876543210', 'indiamart');
  expect((await (await stand.as('viewer')).get(`/leads/${id}`)).text).not.toContain('9876543210');
  expect((await (await stand.as('operator')).get(`/leads/${id}`)).text).toContain('+919876543210');
});
