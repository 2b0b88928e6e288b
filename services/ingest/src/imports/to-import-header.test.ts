import { expect, test } from 'vitest';
import { toImportHeader } from './to-import-header.ts';

test.for(['Mobile Phone Number', 'Phone 1 - Value', 'Cust Mob', 'WhatsApp No. (primary)', 'मोबाइल न.'])(
  'a column %s holds phones, by how it sounds',
  (column) => {
    expect(toImportHeader(['Name', column]).faults).toEqual([]);
    expect(toImportHeader(['Name', column]).columns[1]?.field).toBe('phone');
  },
);

test.for(['Agent Phone', 'GST Number', 'Amount', 'Call Duration'])('a column %s holds none', (column) => {
  expect(toImportHeader(['Name', column]).faults).toEqual([expect.stringContaining('no column is named')]);
});

test('a column says who must not be called, in whatever words', () => {
  const columns = ['Phone', 'DND (Y/N)', 'Phone Opt In', 'Email Opt Out'];
  expect(toImportHeader(columns).columns.map(({ field }) => field)).toEqual(['phone', 'doNotCall', 'doNotCall', null]);
});
