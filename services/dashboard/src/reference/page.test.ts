import { allCommands } from '@leadline/contracts/commands/all';
import { allEvents } from '@leadline/contracts/events/all';
import { toAsyncApi } from '@leadline/contracts/to-asyncapi';
import { expect, test } from 'vitest';
import type { Session } from '../accounts/sessions.ts';
import { commandReferencePage, eventReferencePage } from './page.ts';

const session: Session = { token: 'any', user: { name: 'vimala', role: 'viewer' } };
const shown = { session };
const headings = (page: string): string[] => [...page.matchAll(/<h2[^>]*>([^<]+)<\/h2>/g)].map(([, text = '']) => text);

test('every event has a section, and no command', async () => {
  const page = String(await eventReferencePage(shown, toAsyncApi()));
  expect(headings(page)).toEqual(allEvents.map(({ type }) => type).toSorted());
  expect(page).toContain('Payload of call.qualified');
});

test('every command has a section with its body and its result', async () => {
  const page = String(await commandReferencePage(shown, toAsyncApi()));
  expect(headings(page)).toEqual(allCommands.map(({ subject }) => subject).toSorted());
  for (const { subject } of allCommands) {
    expect(page).toContain(`Result of ${subject}`);
  }
  expect(page).toContain('Body of ops.dispatcher.explain');
  expect(page).not.toContain('Body of ops.dispatcher.dialling_state');
  // In a list and beside null, too.
  for (const key of ['diallingFrom', 'onTheirWay', 'keepOldHours', 'sameIdAs', 'attempts'])
    expect(page).toContain(`<code>${key}</code>`);
});
