import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toMode } from './mode.ts';
import { faultOfModes, modes, toAnswerTitle } from './modes.ts';

const loans = {
  version: '3',
  type: 'object',
  properties: {
    income: { type: 'string', title: 'Monthly income' },
    urgency: { type: 'string', enum: ['now', 'later'] },
  },
};

test('the two modes of the old program ask what it asked', () => {
  expect([...modes.keys()].toSorted()).toEqual(['openai_realtime', 'sarvam']);
  expect(Object.keys(modes.get('openai_realtime')?.properties ?? {})).toEqual([
    'product_interest',
    'location',
    'budget',
  ]);
  expect(Object.keys(modes.get('sarvam')?.properties ?? {})).toHaveLength(13);
});

test('a mode is a JSON Schema of texts, named by its file', () => {
  expect(toMode('loans.json', JSON.stringify(loans))).toMatchObject({ name: 'loans', version: '3' });
});

test.each([
  ['loans.json', '{', /loans\.json: is not JSON/],
  ['My loans.json', loans, /its name must be/],
  ['loans.json', { ...loans, version: undefined }, /version: must say which version/],
  ['loans.json', { ...loans, type: 'array' }, /type: must be "object"/],
  ['loans.json', { ...loans, properties: {} }, /properties: must name at least one answer/],
  [
    'loans.json',
    { ...loans, properties: { income: { type: 'number' } } },
    /properties\.income\.type: must be "string"/,
  ],
  ['loans.json', { ...loans, properties: { 'What is it?': { type: 'string' } } }, /name of a property must be/],
  ['loans.json', { ...loans, required: ['income'] }, /required: nothing can be required/],
  ['loans.json', { ...loans, note: 'x'.repeat(40_000) }, /at most 32,000 characters/],
])('%s with a fault says what is wrong', (file, content, says) => {
  expect(() => toMode(file, typeof content === 'string' ? content : JSON.stringify(content))).toThrow(says);
});

test('an answer’s title is the mode’s, else its key in words', () => {
  expect([toAnswerTitle('units_per_day'), toAnswerTitle('pets_name')]).toEqual(['Units per day', 'Pets name']);
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-modes-'));
  writeFileSync(join(folder, 'loans.json'), JSON.stringify(loans));
  writeFileSync(join(folder, 'README.txt'), 'no mode');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a third mode is a file in MODES_DIR: settings, reports, counts and titles know it', () => {
  const program = `
    const { agentModes, knownAnswerKeys, unknownKeys } = await import(${JSON.stringify(new URL('qualification.ts', import.meta.url).href)});
    const { readAgentReport } = await import(${JSON.stringify(new URL('to-agent-report.ts', import.meta.url).href)});
    const { toAnswerTitle } = await import(${JSON.stringify(new URL('modes.ts', import.meta.url).href)});
    const read = readAgentReport('agent.qualified', { room: 'call-7-a', mode: 'Loans', qualification: { income: '80k' } });
    console.log(JSON.stringify([agentModes.options, knownAnswerKeys.includes('income'),
      unknownKeys('loans', { income: '80k', budget: '8' }), read.report.mode, toAnswerTitle('income')]));`;
  const answer = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, MODES_DIR: folder },
    encoding: 'utf8',
  });
  expect(JSON.parse(answer)).toEqual([
    ['openai_realtime', 'sarvam', 'loans'],
    true,
    ['budget'],
    'loans',
    'Monthly income',
  ]);
});

test('a folder that cannot be read is a fault of the setting, and stops no import', () => {
  expect(faultOfModes(folder)).toBeUndefined();
  expect(faultOfModes(join(folder, 'missing'))).toMatch(/ENOENT/);
});
