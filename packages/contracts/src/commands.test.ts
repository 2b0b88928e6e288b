import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCommands } from './commands/all.ts';
import { addSource, listSources } from './commands/sources.ts';
import { replay } from './commands/receipts.ts';
import { stopDialling } from './commands/dialling.ts';
import { importLeads } from './commands/imports.ts';
import { leadStory } from './commands/lead.ts';
import { serviceNames } from './services.ts';

/** What the last release answered, recorded by test/e2e/command-answers.test.ts. */
const folder = new URL('../samples/answers/', import.meta.url);
const recorded = (subject: string): unknown => JSON.parse(readFileSync(new URL(`${subject}.json`, folder), 'utf8'));

test('every command has an answer of the last release, and there is no other', () => {
  const subjects = allCommands.map(({ subject }) => subject);
  expect(new Set(subjects).size).toBe(subjects.length);
  expect(subjects.toSorted()).toEqual(
    readdirSync(folder)
      .map((file) => file.replace(/\.json$/, ''))
      .toSorted(),
  );
});

test.for([...allCommands])('$subject names a service and a verb', ({ subject, summary }) => {
  const [, service] = /^ops\.([a-z-]+)\.[a-z_]+$/.exec(subject) ?? [];
  expect(serviceNames).toContain(service);
  expect(summary).toMatch(/^[A-Z].*[^.]$/);
});

test.for([...allCommands])('the last release’s answer to $subject is read whole', ({ subject, result }) => {
  expect(result.parse(recorded(subject))).toEqual(recorded(subject));
});

test.for([...allCommands])('keys that a newer service adds to its answer to $subject pass', ({ subject, result }) => {
  const answer = recorded(subject);
  const newer: unknown = Array.isArray(answer)
    ? answer.map((row: object) => ({ ...row, addedLater: 1 }))
    : { ...(answer as object), addedLater: 1 };
  expect(result.parse(newer)).toEqual(newer);
});

test.for([
  ['replay before leads were asked for again', replay, { deliveries: 0, changes: [], next: null }, { askedAgain: 0 }],
  [
    'an import before rows had notes',
    importLeads,
    [{ row: 1, result: 'accepted', leadId: 7, faults: [] }],
    [{ notes: [] }],
  ],
  [
    'sources before blank answers, shared ids and named leads were counted',
    listSources,
    [
      {
        id: 'a',
        source: 'indiamart',
        enabled: true,
        agentMode: null,
        requestsPerMinute: 60,
        mostBodyBytes: 4_096,
        createdAt: '2026-11-24T05:30:00.000Z',
        lastDeliveryAt: null,
        lastDay: { accepted: 1, repeated: 0, rejected: 0 },
        poll: { readAt: null, failedAt: null, error: null },
      },
    ],
    [{ awaited: null, lastDay: { otherNumbers: 0 }, poll: { blankSince: null } }],
  ],
] as const)('an older service is understood: %s', ([, contract, answer, filledIn]) => {
  expect(contract.result.parse(answer)).toMatchObject(filledIn);
});

test('a lead that nobody knows is no fault', () => {
  expect(leadStory.result.parse(null)).toBeNull();
});

test.for([
  ['a reason that is missing', stopDialling, { who: 'asha' }, /reason/],
  ['a reason that is too long', stopDialling, { who: 'asha', reason: 'x'.repeat(1_001) }, /reason/],
  ['nobody', stopDialling, { who: '', reason: 'wrong script' }, /who/],
  [
    'a limit that is no number',
    addSource,
    { who: 'asha', source: 'form', requestsPerMinute: 'many' },
    /requestsPerMinute/,
  ],
] as const)('a body with %s is refused by name', ([, contract, body, words]) => {
  expect(() => contract.body.parse(body)).toThrow(words);
});
