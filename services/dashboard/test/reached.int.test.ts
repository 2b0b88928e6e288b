import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, untilKept, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
let viewer: Visitor;
let operator: Visitor;

type Told = {
  answeredBy?: string;
  disposition?: string;
  status?: string;
  answers?: object;
  source?: string;
  phone?: string;
};

/** A finished call of today that talked for a minute, and what its agent told. */
async function aCall(told: Told): Promise<number> {
  const { status = 'failed', answers = null, source = 'website', phone = '+919876543210' } = told;
  const [lead] = await stand.db.query<{ id: number }>(
    `insert into leads (name, phone, source, product_name, city, status) values ('Asha Verma', $1, $2, 'Paper cup machine', 'Pune', 'dispatched')
     returning id`,
    [phone, source],
  );
  const [call] = await stand.db.query<{ id: number }>(
    `insert into calls (lead_id, name, phone, source, status, failure_reason, attempt, call_room, qualification, call_started_at,
                        answered_at, call_ended_at, duration_seconds, agent_mode)
     values ($1, 'Asha Verma', $2, $3, $4, $5, 1, 'call-' || gen_random_uuid(), $6, clock_timestamp(), clock_timestamp(),
             clock_timestamp() + interval '60 s', 60, 'sarvam') returning id`,
    [
      lead?.id,
      phone,
      source,
      status,
      status === 'failed' ? 'unanswered' : null,
      answers === null ? null : JSON.stringify(answers),
    ],
  );
  const id = call?.id ?? 0;
  if (told.answeredBy !== undefined || told.disposition !== undefined) {
    await stand.db.query(
      `insert into call_facts (call_id, answered_by, answered_by_at, answered_after_ms, answered_detail, message_left, disposition, disposition_at, language)
       values ($1, $2, now(), 3200, 'the greeting', true, $3, now(), 'Tamil')`,
      [id, told.answeredBy ?? null, told.disposition ?? null],
    );
  }
  return id;
}

/** A row of a page's table, its cells by their texts. */
const rowOf = (text: string, name: string, table = 'People and machines by source'): string[] => {
  const [, own = ''] = text.split(new RegExp(`<caption[^>]*>\\s*${table}`));
  const row = own.split('<tr>').find((part) => part.includes(`>${name}</th>`)) ?? '';
  return [...row.matchAll(/<(?:td|th)[^>]*>\s*([^<]*?)\s*<\/(?:td|th)>/g)].map(([, cell = '']) => cell);
};

beforeAll(async () => {
  stand = await startStand();
  [viewer, operator] = [await stand.as('viewer'), await stand.as('operator')];
  await aCall({ answeredBy: 'voicemail' });
  await aCall({ answeredBy: 'ivr', source: 'indiamart' });
  await aCall({ answeredBy: 'announcement' });
  await aCall({ answeredBy: 'human', disposition: 'not_interested' });
  await aCall({});
  // Useful answers outweigh the machine.
  await aCall({ answeredBy: 'voicemail', disposition: 'interested', status: 'pushed', answers: { budget: '8 lakh' } });
  await untilKept(stand.db);
});
afterAll(() => stand.stop());

test('people, machines and announcements are counted apart, by day and source, and machines’ minutes beside', async () => {
  const { text } = await until('all six are counted', async () => {
    const answer = await viewer.get('/reached');
    return /of 6 calls/.test(answer.text) && answer;
  });
  expect(text).toMatch(/People reached<\/dt>\s*<dd><span class="value">3</);
  expect(text).toMatch(/Minutes with machines<\/dt>\s*<dd><span class="value">3\.0</);
  // Calls, people, machines, announcements, machine minutes.
  expect(rowOf(text, 'website').slice(0, 6)).toEqual(['website', '5', '3', '1', '1', '2.0']);
  expect(rowOf(text, 'indiamart').slice(0, 6)).toEqual(['indiamart', '1', '0', '1', '–', '1.0']);
  // Interested, not interested.
  expect(rowOf(text, 'website', 'Outcomes by source').slice(0, 3)).toEqual(['website', '1', '1']);
  const one = (await viewer.get('/reached?source=indiamart')).text;
  expect(one).toMatch(/of 1 calls/);
  const csv = (await viewer.get('/reached.csv')).text.split('\r\n');
  expect(csv[0]).toContain('people,machines,announcements,machine_minutes,interested,not_interested,wrong_number');
  expect(csv[1]).toContain(',6,6,3,2,1,3,1,1,0');
  expect((await viewer.get('/')).text).toMatch(/People reached<\/th>\s*<td class="number">3</);
});

test('a word that comes after the call was counted is counted too, and taken back when it changes', async () => {
  const id = await aCall({});
  await until('it is counted', async () => /of 7 calls/.test((await viewer.get('/reached')).text));
  await stand.db.query(
    `insert into call_facts (call_id, disposition, disposition_at) values ($1, 'wrong_number', now())`,
    [id],
  );
  await until('the disposition is', async () => {
    const row = rowOf((await viewer.get('/reached')).text, 'website', 'Outcomes by source');
    return row[3] === '1';
  });
  await stand.db.query(
    `update call_facts set disposition = 'call_later', answered_by = 'voicemail' where call_id = $1`,
    [id],
  );
  await until('the new one is', async () => {
    const { text } = await viewer.get('/reached');
    const row = rowOf(text, 'website');
    return row[3] === '2' && row[2] === '3';
  });
  expect((await viewer.get('/reached')).text).not.toContain('Wrong number');
});

test('hot now shows who qualified, newest first, without those who said no, and masks numbers for viewers', async () => {
  await aCall({ status: 'called', disposition: 'bought_elsewhere', answers: { budget: 'none left' } });
  await aCall({
    status: 'called',
    answers: { budget: '=12 lakh', location: 'Nashik' },
    source: 'justdial',
    phone: '+919812345678',
  });
  const { text } = await viewer.get('/hot');
  expect(text.indexOf('=12 lakh')).toBeGreaterThan(0);
  expect(text.indexOf('=12 lakh')).toBeLessThan(text.indexOf('8 lakh</dd>'));
  expect(text).not.toContain('none left');
  expect(text).not.toContain('9812345678');
  expect((await operator.get('/hot')).text).toContain('+919812345678');
  expect((await viewer.get('/hot?outcome=all')).text).toContain('none left');
  expect((await viewer.get('/hot?outcome=interested')).text).not.toContain('=12 lakh');
  const filtered = (await viewer.get('/hot?source=justdial&days=1')).text;
  expect(filtered).toContain('=12 lakh');
  expect(filtered).not.toContain('8 lakh</dd>');
  expect(await viewer.get('/hot?days=3000')).toMatchObject({ status: 422 });
  expect(await viewer.get('/hot?before=yesterday')).toMatchObject({ status: 422 });

  const csv = await operator.get('/hot.csv');
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.text).toContain('Asha Verma,+919812345678,justdial,Paper cup machine,Pune');
  const [head = '', ...lines] = csv.text.split('\r\n');
  const asha = lines.find((line) => line.includes('Asha Verma'))?.split(',') ?? [];
  const columns = head.split(',');
  // No spreadsheet takes it for a formula.
  expect(asha[columns.indexOf('budget')]).toBe("'=12 lakh");
  expect(asha[columns.indexOf('location')]).toBe('Nashik');
  expect((await viewer.get('/hot.csv')).text).not.toContain('9812345678');
});

test('older pages begin where the last one ended', async () => {
  for (let no = 0; no < 52; no++) await aCall({ status: 'called', answers: { no: `number ${no}.` }, source: 'older' });
  const first = (await viewer.get('/hot?source=older')).text;
  expect(first).toContain('number 51.');
  expect(first).not.toContain('number 1.');
  const [, link = ''] = /href="(\/hot\?[^"]*before=[^"]*)"/.exec(first) ?? [];
  const second = (await viewer.get(link.replaceAll('&amp;', '&'))).text;
  expect(second).toContain('number 1.');
  expect(second).toContain('number 0.');
  expect(second).not.toContain('number 2.');
});

test('the lead’s page tells who answered and what became of it, and the network’s words to operators only', async () => {
  const id = await aCall({ answeredBy: 'voicemail', disposition: 'no_conversation' });
  await stand.db.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, network_phrase)
     select id, lead_id, 1, phone, 'test', now(), 'Subscriber absent' from calls where id = $1`,
    [id],
  );
  const [call] = await stand.db.query<{ lead_id: number }>(`select lead_id from calls where id = $1`, [id]);
  const seen = (await operator.get(`/leads/${call?.lead_id}`)).text;
  for (const words of ['a voicemail took it', 'left a message', 'outcome: no conversation', 'wants to speak Tamil'])
    expect(seen).toContain(words);
  expect(seen).toContain('Subscriber absent');
  expect((await viewer.get(`/leads/${call?.lead_id}`)).text).not.toContain('Subscriber absent');
});
