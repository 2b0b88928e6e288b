import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeadFileFault, openLeadFile, type LeadRow } from './open-lead-file.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(file: string | Uint8Array, size = 7) {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  const { delimiter, columns, rows } = await openLeadFile(inPieces(bytes, size));
  const all: LeadRow[] = [];
  for await (const row of rows) all.push(row);
  return { delimiter, columns, rows: all };
}

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');

const asha = { columns: ['Name', 'Phone'], rows: [{ row: 2, cells: ['Asha, Verma', '9876543210'] }] };

describe('a file is read as the spreadsheet wrote it', () => {
  test.for<[string, string]>([
    ['commas', 'Name,Phone\n"Asha, Verma",9876543210\n'],
    ['semicolons', 'Name;Phone\r\nAsha, Verma;9876543210\r\n'],
    ['tabs', 'Name\tPhone\rAsha, Verma\t9876543210'],
    ['a BOM', '\ufeffName,Phone\n"Asha, Verma",9876543210'],
    ['a BOM and quotes in the header', '\ufeff"Name","Phone"\n"Asha, Verma",9876543210'],
    ['empty columns behind', 'Name,Phone\n"Asha, Verma",9876543210,,\n'],
  ])('with %s', async ([, text]) => {
    expect(await read(text)).toMatchObject(asha);
  });

  test.for<[string, Uint8Array]>([
    ['UTF-16, little end first', utf16le('\ufeffName\tPhone\r\n"Asha, Verma"\t9876543210\r\n')],
    ['UTF-16, big end first', Buffer.from(utf16le('\ufeffName\tPhone\r\nAsha, Verma\t9876543210')).swap16()],
    ['UTF-16 without a BOM', utf16le('Name,Phone\n"Asha, Verma",9876543210')],
  ])('in %s, however its bytes are cut', async ([, bytes]) => {
    for (const size of [1, 2, 3, 7, 1_000]) expect(await read(bytes, size)).toMatchObject(asha);
  });

  test('Excel’s own hint counts and is no row', async () => {
    expect(await read('sep=;\r\nName,x;Phone\r\nAsha;9876543210')).toMatchObject({
      delimiter: ';',
      columns: ['Name,x', 'Phone'],
      rows: [{ row: 2, cells: ['Asha', '9876543210'] }],
    });
  });

  test('rows keep their number in the spreadsheet, over empty rows and cells of several lines', async () => {
    const { rows } = await read('\nName,Phone\n\n"Asha\nVerma",1\n,\nRavi,2\n');
    expect(rows).toEqual([
      { row: 4, cells: ['Asha\nVerma', '1'] },
      { row: 6, cells: ['Ravi', '2'] },
    ]);
  });

  test('a short row is empty at its end, one with too many cells is refused and no other', async () => {
    const { rows } = await read('Name,Phone,City\nAsha,1\nRavi,2,Pune,Camp\nMeera,3,Goa');
    expect(rows).toMatchObject([
      { row: 2, cells: ['Asha', '1', ''] },
      { row: 3, fault: expect.stringContaining('has 4 cells') },
      { row: 4, cells: ['Meera', '3', 'Goa'] },
    ]);
  });

  test('a header without a name, and one that comes again, have names all the same', async () => {
    expect((await read('Phone,,Phone\n1,2,3')).columns).toEqual(['Phone', 'Column 2', 'Phone (2)']);
  });

  test('whatever is in the cells comes out again, however the bytes are cut', async () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/^\s*$/.test(text));
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
    const separator = fc.constantFrom(',', ';', '\t');
    await fc.assert(
      fc.asyncProperty(table, separator, fc.integer({ min: 1, max: 40 }), async (cells, delimiter, size) => {
        const quoted = (row: string[]): string => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(delimiter);
        const text = ['A', 'B', 'C'].join(delimiter) + '\n' + cells.map(quoted).join('\n');
        expect((await read(text, size)).rows.map((row) => row.cells)).toEqual(cells);
      }),
    );
  });
});

describe('what can not be read is told in words for the person who chose the file', () => {
  const fault = (file: string | Uint8Array): Promise<unknown> =>
    read(file).then(
      () => 'no fault',
      (error: unknown) => (error instanceof LeadFileFault ? error.message : error),
    );

  test('nothing in it', async () => {
    expect(await fault('')).toBe('the file is empty');
    expect(await fault('\n\n')).toBe('the file is empty');
    expect(await fault(',,\n,,')).toBe('the file is empty');
  });
  test('another encoding', async () => {
    expect(await fault(Buffer.concat([utf16le('Name,Phone\nAsha,1'), Buffer.from([0x4e])]))).toContain('not UTF-16 ');
    expect(await fault(Buffer.from('PK\u0003\u0004\u0014', 'latin1'))).toContain('is an Excel workbook');
    expect(await fault(Buffer.from('Name,Phone\nCaf\u00e9,1', 'latin1'))).toContain('not UTF-8');
    expect(await fault(Buffer.from('Name,Phone\nAsha,1\nCaf\u00e9', 'utf8').subarray(0, -1))).toContain('not UTF-8');
  });
  test('a quote that is never closed', async () => {
    expect(await fault('Name,Phone\nAsha,1\n"Ravi,2\nMeera,3')).toBe(
      'row 3 can not be read: is a quote (") opened and never closed?',
    );
    expect(await fault(`Name,Phone\n"${'x'.repeat(300 * 1024)}`)).toContain('row 2 can not be read');
  });
});
