import { allEvents } from '@leadline/contracts/events/all';
import { expect, test } from 'vitest';
import { toClock, toStepLine } from './to-step-line.ts';

test.for([
  ['lead.created', { leadId: 7, source: 'website' }, 'lead 7               came in from website'],
  ['call.dialing', { leadId: 7, callId: 9, attempt: 2 }, 'lead 7 · call 9      is dialled, attempt 2'],
  [
    'call.qualified',
    { leadId: null, callId: 9, mode: 'openai_realtime' },
    'call 9               is qualified (openai realtime)',
  ],
  [
    'call.failed',
    { leadId: 7, callId: 9, reason: 'rejected', sipStatus: 486 },
    'lead 7 · call 9      failed: rejected (SIP 486)',
  ],
  [
    'call.failed',
    { leadId: 7, callId: 9, reason: 'no_answers', sipStatus: null },
    'lead 7 · call 9      failed: no answers',
  ],
  ['call.pushed', { leadId: 7, callId: 9, taskId: 'task_1' }, 'lead 7 · call 9      is task task_1 in the CRM'],
] as const)('%s is told in words', ([type, data, line]) => {
  expect(toStepLine(type, data)).toBe(line);
});

test('what adds nothing for a watching person is left out', () => {
  const silent = allEvents
    .map(({ type }) => type)
    .filter((type) => toStepLine(type, { leadId: 1, callId: 1 }) === undefined);
  expect(silent.toSorted()).toEqual([
    'agent.alive',
    'agent.answered_by',
    'agent.callback_requested',
    'agent.ended',
    'agent.qualified',
    'agent.ready',
    'call.dial_failed',
    'call.ended',
    'lead.dispatched',
  ]);
});

test('times are those of a clock in India', () => {
  expect(toClock(new Date('2026-11-24T18:45:05Z'))).toBe('00:15:05');
});
