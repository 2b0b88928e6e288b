import { callStatuses, leadStatuses } from '@leadline/contracts/statuses';
import { expect, test } from 'vitest';
import { readText } from './read-documents.ts';

/** The rows of each table under the heading, by what its first column is called. */
function tableOf(first: string): string[][] {
  const [, section = ''] = readText('docs/understand/database.md').split(
    "\n## Where the old program's names are today\n",
  );
  const [text = ''] = section.split('\n## ');
  const [, table = ''] = text.split(`\n| ${first} |`);
  const [rows = ''] = table.split('\n\n');
  return rows
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
}

const inCode = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
const toCamel = (name: string): string => name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

/** What the old program's source had. */
const oldFunctions = [
  'insert_lead',
  'get_new_leads',
  'create_call',
  'set_lead_dispatched',
  'schedule_lead_retry',
  'save_qualification',
  'set_call_failed',
  'fail_stale_call_records',
  'set_call_pushed',
  'init_database',
];

test('each function of the old program has its row, and lives under its name in the file that the row names', () => {
  const rows = tableOf('old function');
  expect(rows.map(([old]) => old)).toEqual(oldFunctions);
  for (const [old = '', now, file] of rows) {
    const [name = ''] = inCode(now);
    expect(name).toBe(toCamel(old));
    expect(readText(inCode(file)[0] ?? ''), `${name} in ${file}`).toMatch(
      new RegExp(String.raw`^(?:export )?(?:async )?function ${name}\(`, 'm'),
    );
  }
});

test('each table of the old program has its row, and the file that the row names describes it', () => {
  const rows = tableOf('old table');
  expect(rows.map(([old]) => old)).toEqual(['leads', 'calls']);
  for (const [old = '', now, file] of rows) {
    const schema = readText(inCode(file)[0] ?? '');
    const [table, ...added] = inCode(now);
    expect(table).toBe(old);
    for (const name of [old, ...added]) expect(schema).toContain(name.includes('_') ? toCamel(name) : name);
  }
});

test('each status has its row, and the files that the row names set it', () => {
  const rows = tableOf('old status');
  const named = new Set(rows.map(([status = '']) => status.replace(', again', '')));
  const all = [
    ...leadStatuses.options.map((option) => `lead \`${option}\``),
    ...callStatuses.options.map((option) => `call \`${option}\``),
  ];
  expect([...named].toSorted()).toEqual(all.toSorted());
  for (const [status = '', , files] of rows) {
    const [value = ''] = inCode(status);
    for (const file of inCode(files)) expect(readText(file), `${status} in ${file}`).toContain(`'${value}'`);
  }
});
