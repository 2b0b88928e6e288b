import { allCommands } from '@leadline/contracts/commands/all';
import { allEvents } from '@leadline/contracts/events/all';
import { expect, test } from 'vitest';
import { withTables } from '../../deploy/subjects/to-tables.ts';
import { readText } from './read-documents.ts';

const page = readText('docs/understand/architecture.md');

test('the tables of events and commands are the contracts’: node deploy/subjects/generate.ts', () => {
  expect(page).toBe(withTables(page));
});

test('every event and every command stands in them', () => {
  const subjects = [...allEvents.map(({ type }) => type), ...allCommands.map(({ subject }) => subject)];
  expect(subjects.filter((subject) => !page.includes(`| ${subject} |`))).toEqual([]);
});
