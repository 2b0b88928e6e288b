import { expect, test } from 'vitest';
import { toStatementTexts } from './to-statement-texts.ts';

const message = (letter: string, body: string): string =>
  `${letter}\0\0${String.fromCodePoint(0, body.length + 4)}${body}`;
const parse = (name: string, text: string): string => message('P', `${name}\0${text}\0\0\0`);
const bind = (name: string): string => message('B', `\0${name}\0\0\0\0\0\0\0`);

test('a statement that is run by its name is told with the text that was prepared before', () => {
  const known = new Map<string, string>();
  toStatementTexts(parse('s1', 'update calls set n = $1') + bind('s1'), known);
  toStatementTexts(parse('s2', 'insert into dials values ($1)'), known);
  expect(toStatementTexts(bind('s2') + message('E', '\0\0\0\0\0'), known)).toMatch(/insert into dials/);
  expect(toStatementTexts(bind('s2') + bind('s1'), known)).toMatch(/insert into dials.*\n.*update calls/s);
  expect(toStatementTexts(bind('s2'), known)).not.toMatch(/update calls/);
});

test('what is no statement stays as it is', () => {
  const known = new Map<string, string>();
  expect(toStatementTexts('HPUB lead.created 12 34\r\n', known)).toBe('HPUB lead.created 12 34\r\n');
  expect(toStatementTexts(bind('s9'), known)).toBe(bind('s9'));
});
