import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startImportWorld, type ImportWorld } from './import-world.ts';

// Files as vendors, CRMs and people make them.
let world: ImportWorld;

beforeAll(async () => {
  world = await startImportWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.db.query('truncate leads, lead_receipts, ingest_outbox, ingest_audit cascade'));

const phone = (at: number): string => `98${String(70_000_000 + at)}`;
const lines = (...rows: string[]): string => rows.join('\n');
const reasons = (name: string): (string | undefined)[] => world.report(name).map((line) => line.split(',')[4]);

const metaColumns =
  'id,created_time,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,form_id,form_name,is_organic,platform,which_machine_do_you_need?,when_do_you_want_to_buy?,full_name,phone_number,city,lead_status';
const metaRows = [
  'l:120230000000000011,2026-11-29T21:47:02-06:00,ag:12021,Ad 1,as:12022,Set 1,c:12023,Diwali,f:556677,Enquiry form,false,fb,paper_plate_machine,within_1_month,Asha Verma,p:+919870000011,Indore,CREATED',
  'l:120230000000000012,2026-11-29T22:47:02-06:00,,,,,,,f:556677,Enquiry form,true,ig,dona_machine,just_looking,Ravi Kumar,p:09870000012,Jaipur,CREATED',
  'l:120230000000000013,2026-11-29T22:48:02-06:00,,,,,,,f:556677,Enquiry form,true,fb,<test lead: dummy data for which_machine_do_you_need?>,<test lead: dummy data>,<test lead: dummy data for full_name>,p:<test lead: dummy data for phone_number>,<test lead: dummy data for city>,CREATED',
];
const storedLeads = () =>
  world.db.query(
    `select l.name, l.phone, l.city, l.product_name as product, r.source, r.source_lead_id as id, r.enquired_at as asked
       from leads l join lead_receipts r on r.lead_id = l.id order by l.id`,
  );

test.for([
  ['UTF-8 with commas', (text: string) => Buffer.from(text)],
  ['UTF-16 with tabs', (text: string) => Buffer.from(`\ufeff${text.replaceAll(',', '\t')}`, 'utf16le')],
] as const)('Meta’s own file is read, in %s', async ([name, encode]) => {
  const file = world.write(`${name}.csv`, encode(lines(metaColumns, ...metaRows)));
  expect(await world.json(file)).toMatchObject({ rows: 3, accepted: 2, rejected: 1, source: 'meta' });
  expect(await storedLeads()).toMatchObject([
    {
      name: 'Asha Verma',
      phone: '+919870000011',
      city: 'Indore',
      product: 'paper_plate_machine',
      source: 'meta',
      id: '120230000000000011',
      asked: new Date('2026-11-30T03:47:02.000Z'),
    },
    { phone: '+919870000012', product: 'dona_machine', id: '120230000000000012' },
  ]);
  expect(world.report(file).at(-1)).toBe('4,rejected,,,test_lead,is Meta’s test lead');
});

test('a lead that Meta’s webhook told is known in Meta’s file', async () => {
  const told = await fetch(new URL('/v1/leads', world.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer test-key-of-meta' },
    body: JSON.stringify({ name: 'Asha Verma', phone: '98700 00011', sourceLeadId: '120230000000000011' }),
  });
  expect(told.status).toBe(202);
  const file = world.write('again.csv', lines(metaColumns, ...metaRows.slice(0, 1)));
  expect(await world.json(file)).toMatchObject({ rows: 1, accepted: 0, duplicate: 1 });
  expect(await world.json(file, '--source', 'fb-leads')).toMatchObject({ rows: 1, accepted: 0, duplicate: 1 });
});

test('two files that both count their rows lose nobody', async () => {
  const header = 'Enquiry ID,Name,Mobile,Product';
  const pune = world.write('pune.csv', lines(header, `1,Asha,${phone(1)},Mill`, `2,Ravi,${phone(2)},Mill`));
  const surat = world.write(
    'surat.csv',
    lines(header, `1,Nita,${phone(3)},Mill`, `2,Om,${phone(4)},Mill`, `3,Lata,${phone(5)},Mill`),
  );
  expect(await world.json(pune)).toMatchObject({ accepted: 2 });
  expect(await world.json(surat)).toMatchObject({ accepted: 3, duplicate: 0 });
  expect(await world.json(surat)).toMatchObject({ accepted: 0, duplicate: 3 });
});

test('who imports may say what the columns are, and which one holds the ids', async () => {
  const file = world.write('crm.csv', lines('Record,Person,Dial,No', `7,Asha,${phone(1)},x`));
  const named = ['--alias', 'phone=Dial', '--alias', 'name=Person', '--id-column', 'Record'];
  expect(await world.run(file)).toMatchObject({ code: 2, errors: expect.stringContaining('say which one does') });
  expect(await world.run(file, ...named, '--alias', 'city=Town')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('no column is named Town'),
  });
  expect(await world.json(file, ...named)).toMatchObject({ accepted: 1 });
  expect(await storedLeads()).toMatchObject([{ name: 'Asha', phone: `+91${phone(1)}`, id: '7' }]);
});

test('the order of day and month is the file’s, or is asked for', async () => {
  const header = 'Timestamp,Name,Mobile Number';
  const us = world.write(
    'us.csv',
    lines(header, `11/05/2026 18:20:11,Meena,${phone(2)}`, `11/30/2026 9:15:00,Kiran,${phone(1)}`),
  );
  expect(await world.json(us)).toMatchObject({ accepted: 2, dates: 'month-first' });
  expect(await storedLeads()).toMatchObject([
    { name: 'Meena', asked: new Date('2026-11-05T12:50:11.000Z') },
    { name: 'Kiran', asked: new Date('2026-11-30T03:45:00.000Z') },
  ]);
  const either = world.write('either.csv', lines(header, `05/11/2026,Asha,${phone(3)}`));
  expect(await world.json(either, '--dry-run')).toMatchObject({ accepted: 1, dates: 'unclear' });
  expect(await world.run(either)).toMatchObject({ code: 2, errors: expect.stringContaining('--dates') });
  expect(await world.json(either, '--dates', 'day-first')).toMatchObject({ accepted: 1, dates: 'day-first' });
  expect((await storedLeads()).at(-1)).toMatchObject({ name: 'Asha', asked: new Date('2026-11-04T18:30:00.000Z') });
});

test('a row that is known, or joins, is heard when it says that nobody may call', async () => {
  const plain = world.write('plain.csv', lines('name,phone,DND', `A,${phone(1)},`, `B,${phone(2)},`));
  expect(await world.json(plain)).toMatchObject({ accepted: 2, doNotCall: 0 });
  const wished = world.write(
    'wished.csv',
    lines('name,phone,product,DND', `A,${phone(1)},,Yes`, `B,${phone(2)},Mill,maybe`, `C,${phone(3)},,No`),
  );
  expect(await world.json(wished, '--dry-run')).toMatchObject({ doNotCall: 1, unclearWish: 1 });
  expect(await world.json(wished)).toMatchObject({
    accepted: 1,
    joined: 1,
    duplicate: 1,
    doNotCall: 1,
    unclearWish: 1,
  });
  expect(reasons(wished)).toEqual(['do_not_call', 'unclear_wish', '']);
  const { output } = await world.run(wished, '--dry-run');
  expect(output).toContain('; not called: 1 not to be called, 1 with an unclear wish');
  expect(
    await world.db.query(
      `select name, exists (select from lead_origins o where o.lead_id = l.id and o.dnd_flag)
                    or exists (select from lead_enquiries e where e.lead_id = l.id and e.dnd_flag) as listed
         from leads l order by id`,
    ),
  ).toEqual([
    { name: 'A', listed: true },
    { name: 'B', listed: true },
    { name: 'C', listed: false },
  ]);
});

test.for([
  ['first', ['Yes', '']],
  ['last', ['', 'Yes']],
] as const)('who stands in a file twice is not called when one row says so, the %s', async ([place, [one, other]]) => {
  const file = world.write(
    `twice-${place}.csv`,
    lines(
      'name,phone,product,DND',
      `A,${phone(1)},Mill,${one}`,
      ...Array.from({ length: 600 }, (_, at) => `X,${phone(100 + at)},Mill,`),
      `A,+91 ${phone(1)},Press,${other}`,
    ),
  );
  expect(await world.json(file)).toMatchObject({ rows: 602, rejected: 0 });
  expect(
    await world.db.query(
      `select coalesce(bool_and(o.dnd_flag), false) as listed from leads l left join lead_origins o on o.lead_id = l.id
        where l.phone = '+91${phone(1)}'`,
    ),
  ).toEqual([{ listed: true }]);
  const later = world.write('later.csv', lines('name,phone,product', `A,${phone(1)},Third machine`));
  expect(await world.json(later)).toMatchObject({ accepted: 1, doNotCall: 1 });
});

test('the preview tells how many are too old to be rung, and an option rings them', async () => {
  const file = world.write('old.csv', lines('name,phone,date', `A,${phone(1)},13/01/2024`, `B,${phone(2)},`));
  expect(await world.json(file, '--dry-run')).toMatchObject({ accepted: 2, tooOld: 1, dates: 'day-first' });
  expect(await world.json(file, '--dry-run', '--ring-old')).toMatchObject({ accepted: 2, tooOld: 0 });
  expect(await world.json(file, '--ring-old')).toMatchObject({ accepted: 2, tooOld: 0 });
  expect(await world.db.query('select counts_from_arrival as rung from lead_receipts order by lead_id')).toEqual([
    { rung: true },
    { rung: true },
  ]);
});
