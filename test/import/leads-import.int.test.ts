import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startImportWorld, type ImportWorld } from './import-world.ts';

let world: ImportWorld;

beforeAll(async () => {
  world = await startImportWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.db.query('truncate leads, lead_receipts, ingest_outbox, ingest_audit cascade'));

const run = (...args: string[]) => world.run(...args);
const json = (...args: string[]) => world.json(...args);
const write = (name: string, text: string | Uint8Array): string => world.write(name, text);
const report = (name: string): string[] => world.report(name);
const leads = () =>
  world.db.query('select name, phone, source, product_name, city, query_message from leads order by id');
const phone = (at: number): string => `98${String(70_000_000 + at)}`;

test('a spreadsheet’s rows become leads, and each row’s fate is in the report', async () => {
  const file = write(
    'fair.csv',
    [
      '\ufeffCustomer Name;Mobile No.;Interest;CITY;Remarks;Seen by',
      'Asha Verma;98765 43210;Paper cup machine;Pune;"Call; after 5";Ravi',
      'Ravi Kumar;022 - 22355342;Forklift;Nashik;;Ravi',
      'Meera Iyer;9.87654E+09;Bottling line;Chennai;;',
      "Imran;'+91 98765 43211;Flour mill;;;",
      'Divya;#NAME?;Mill;;;',
      'ASHA VERMA;+919876543210;paper cup machine;Mumbai;;',
    ].join('\r\n'),
  );
  expect(await json(file, '--dry-run')).toMatchObject({ rows: 6, accepted: 3, rejected: 3, dryRun: true });
  expect(await leads()).toEqual([]);
  const { code, output, errors } = await run(file, '--source', 'fair-2026');
  expect(code).toBe(0);
  expect(errors).toContain('columns: Customer Name → name, Mobile No. → phone, Interest → product name');
  expect(errors).toContain('not used: Seen by');
  expect(output).toContain('checked: 6 rows, 3 would be accepted, 0 already here, 3 rejected');
  expect(output).toMatch(/imported: 6 rows, 2 accepted, .*1 already here, 3 rejected; each row: fair.csv.report.csv/);
  expect(await leads()).toMatchObject([
    { name: 'Asha Verma', phone: '+919876543210', source: 'fair-2026', city: 'Pune', query_message: 'Call; after 5' },
    { name: 'Imran', phone: '+919876543211', product_name: 'Flour mill' },
  ]);
  const [first, second, third, fourth, fifth, sixth] = report(file);
  expect(first).toMatch(/^2,accepted,\d+,,,$/);
  expect(second).toMatch(/^3,rejected,,Mobile No\.,landline,/);
  expect(third).toMatch(/^4,rejected,,Mobile No\.,scientific_notation,"was shortened by the spreadsheet/);
  expect(fourth).toMatch(/^5,accepted,/);
  expect(fifth).toMatch(/^6,rejected,,Mobile No\.,spreadsheet_error,/);
  expect(sixth).toBe(first?.replace('2,accepted', '7,duplicate'));
  expect(await world.db.query('select action, who, details from ingest_audit')).toEqual([
    { action: 'import_leads', who: 'asha', details: { source: 'fair-2026', file } },
  ]);
});

test('the same file, edited and with more rows, adds only what is new', async () => {
  const header = 'name,phone,product,notes,source';
  const rows = Array.from({ length: 1_200 }, (_, at) => `Buyer ${at},${phone(at)},Mill,,`);
  const file = write('edited.csv', [header, ...rows].join('\n'));
  expect(await json(file)).toMatchObject({ rows: 1_200, accepted: 1_200 });
  rows[5] = `Buyer five,${phone(5)},Mill,mended,`;
  rows.unshift(`New one,${phone(5_000)},Mill,,Web Shop`, 'No number,,Mill,,');
  write('edited.csv', [header, ...rows].join('\n'));
  expect(await json(file)).toMatchObject({ rows: 1_202, accepted: 1, duplicate: 1_200, rejected: 1 });
  expect(await json(file)).toMatchObject({ accepted: 0, duplicate: 1_201, rejected: 1 });
  // Nor a receipt for each time: the lead's, and one for what was rejected.
  expect(await world.db.query('select verdict, count(*)::int as n from lead_receipts group by 1 order by 1')).toEqual([
    { verdict: 'accepted', n: 1_201 },
    { verdict: 'rejected', n: 1 },
  ]);
  expect((await leads()).filter(({ source }) => source === 'web_shop')).toHaveLength(1);
});

test('rows with ids of their own are known by them, and an old customer may be called anew on purpose', async () => {
  const file = write('ids.csv', `Lead ID,name,phone\n12345678901234567,Asha,${phone(1)}\n2,Asha,${phone(1)}\n`);
  expect(await json(file, '--id-column', 'Lead ID')).toMatchObject({ rows: 2, rejected: 0, duplicate: 0 });
  expect(await json(file, '--id-column', 'Lead ID')).toMatchObject({ accepted: 0, duplicate: 2 });
  expect(
    (await world.db.query<{ id: string }>('select source_lead_id as id from lead_receipts order by 1')).map(
      ({ id }) => id,
    ),
  ).toEqual(['12345678901234567', '2']);
  await world.db.query(`update leads set status = 'failed'`);
  const again = ['--id-column', 'Lead ID', '--again', 'spring'];
  expect(await json(file, ...again)).toMatchObject({ duplicate: 0, rejected: 0 });
  expect(await json(file, ...again)).toMatchObject({ accepted: 0, duplicate: 2 });
});

test('who is not to be called by the file is marked so, also where nobody can tell', async () => {
  const file = write(
    'wishes.csv',
    [
      'name,phone,Do Not Call',
      `A,${phone(1)},true`,
      `B,${phone(2)},false`,
      `C,${phone(3)},`,
      `D,${phone(4)},maybe`,
    ].join('\n'),
  );
  expect(await json(file)).toMatchObject({ rows: 4, accepted: 4 });
  expect(
    await world.db.query(
      `select name, coalesce(o.dnd_flag, false) as dnd from leads l left join lead_origins o on o.lead_id = l.id order by 1`,
    ),
  ).toEqual([
    { name: 'A', dnd: true },
    { name: 'B', dnd: false },
    { name: 'C', dnd: false },
    { name: 'D', dnd: true },
  ]);
});

test('an import that is killed in the middle, and begun again, adds nothing twice', async () => {
  const many = 3_000;
  const rows = Array.from({ length: many }, (_, at) => `Buyer ${at},${phone(at)},Mill`);
  const file = write('many.csv', ['name,phone,product', ...rows].join('\n'));
  const count = async (): Promise<number> => {
    const [found] = await world.db.query<{ n: number }>('select count(*)::int as n from leads');
    return found?.n ?? 0;
  };
  for (const share of [0.1, 0.5]) {
    const { child, done } = world.launch(file);
    await until('some are imported', async () => (await count()) > many * share);
    child.kill('SIGKILL');
    await done;
    expect(await count()).toBeLessThan(many);
  }
  const { rows: all, accepted, duplicate } = await json(file);
  expect([all, Number(accepted) + Number(duplicate)]).toEqual([many, many]);
  expect(await count()).toBe(many);
  expect(await world.db.query('select phone from leads group by phone having count(*) > 1')).toEqual([]);
  expect(report(file)).toHaveLength(many);
});

test('what is no file of leads is told in words', async () => {
  expect(await run('missing.csv')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('missing.csv can not be read'),
  });
  expect(await run(write('no-phone.csv', 'name,city\nAsha,Pune\n'))).toMatchObject({
    code: 2,
    errors: expect.stringContaining('no column is named as one that holds phone numbers'),
  });
  expect(await run(write('latin.csv', Buffer.from('name,phone\nCaf\u00e9,1', 'latin1')))).toMatchObject({
    code: 2,
    errors: expect.stringContaining('the file is not UTF-8'),
  });
  expect(await run(write('open.csv', `name,phone\nAsha,${phone(1)}\n"Ravi,${phone(2)}\n`))).toMatchObject({
    code: 2,
    errors: expect.stringContaining('row 3 can not be read: is a quote'),
  });
  expect(await run(write('ok.csv', `phone\n${phone(1)}`), '--source', 'Not A Name')).toMatchObject({
    code: 1,
    errors: expect.stringContaining('source: must be lower-case letters'),
  });
});
