import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allEvents } from './events/all.ts';
import { toKeptData } from './kept-report.ts';
import { readAgentReport } from './to-agent-report.ts';
import { toEventTitle, toEventWords } from './to-event-words.ts';

const clock = (at: Date): string => at.toISOString().slice(11, 16);
const room = 'call-7-abcdefghijkl';
const words = (type: string, data: Record<string, unknown>): string => toEventWords(type, data, clock).words;

test.for([
  ['lead.created', { source: 'website' }, 'came in from website', 'Came in from website'],
  ['lead.enquiry_added', { enquirySource: 'indiamart' }, 'asked again over indiamart; no second call', undefined],
  ['lead.dispatched', { attempt: 2, callId: 7 }, 'is being rung, attempt 2', 'Rung, attempt 2'],
  [
    'lead.dispatched',
    { attempt: 1, callId: 7, because: 'told_to_crm' },
    'needs no call: talked in call 7 a moment ago, and the CRM has its enquiry',
    undefined,
  ],
  [
    'lead.retry_scheduled',
    { reason: 'no_answers', retryAt: '2026-11-24T18:40:00.000Z' },
    'no answers: rung again, waits until 18:40',
    'No answers: rung again, waits until 18:40',
  ],
  ['lead.postponed', { reason: 'number_in_use', until: null }, 'waits: number in use', 'Waits: number in use'],
  ['lead.failed', { reason: 'retries_used_up' }, 'is given up: retries used up', 'Given up: retries used up'],
  ['lead.failed', {}, 'is given up: no reason given', undefined],
  ['call.dialing', { attempt: 1 }, 'is dialled, attempt 1', 'Dialled, attempt 1'],
  ['call.answered', {}, 'is answered', 'Answered'],
  ['call.failed', { reason: 'rejected', sipStatus: 486 }, 'failed: rejected (SIP 486)', undefined],
  [
    'call.failed',
    { reason: 'unanswered', sipStatus: null, answeredBy: 'voicemail' },
    'failed: unanswered, a voicemail answered',
    undefined,
  ],
  [
    'call.failed',
    { reason: 'no_answers', answeredBy: 'human', disposition: 'not_interested' },
    'failed: no answers, not interested',
    undefined,
  ],
  [
    'call.ended',
    { durationSeconds: 30, talkSeconds: 20, disposition: 'interested' },
    'ended after 30 s, talked 20 s, interested',
    undefined,
  ],
  ['call.pushed', { taskId: 't1' }, 'is task t1 in the CRM', 'Task t1 in the CRM'],
  ['call.push_failed', { errorClass: 'client_error' }, 'was refused by the CRM: client error', undefined],
  ['somebody.elses', {}, '', 'Somebody.elses'],
] as const)('%s %o is said once', ([type, data, said, title]) => {
  expect(words(type, data)).toBe(said);
  if (title !== undefined) expect(toEventTitle(type, data, clock).words).toBe(title);
});

test.for(allEvents)('$type has words and a tone of its own', ({ type }) => {
  const sample = JSON.parse(
    readFileSync(new URL(`../samples/${type.replaceAll(/[._]/g, '-')}.json`, import.meta.url), 'utf8'),
  ) as Record<string, unknown>;
  for (const data of [sample, {}]) {
    expect(words(type, data)).not.toBe('');
    expect(toEventWords(type, data, clock).tone).not.toBe('unknown');
  }
});

/** What an agent sends, and what is true of it wherever it is read. */
const reports = [
  ['an answer', 'agent.qualified', { qualification: { budget: '8 lakh', location: null } }, 'the agent learnt budget'],
  [
    'answers that say nothing',
    'agent.qualified',
    { qualification: { budget: '', location: ' ' } },
    'learnt nothing yet',
  ],
  ['no answer', 'agent.qualified', { qualification: {} }, 'the agent learnt nothing yet'],
  ['a wish', 'agent.ended', { endedBy: 'callee', doNotCall: true }, 'ended by callee, asked never to be called again'],
  ['a disposition', 'agent.ended', { endedBy: 'callee', disposition: 'Wrong number' }, 'ended by callee, wrong number'],
  [
    'a voicemail',
    'agent.answered_by',
    { category: 'machine-vm', detail: 'eight lakh, said the greeting', messageLeft: true },
    'a voicemail answered, a message was left',
  ],
  ['nobody knows who', 'agent.answered_by', { category: 9 }, 'perhaps a person answered; could not be read: category'],
  ['an end that nobody told', 'agent.ended', {}, 'the agent’s last word: ended by nobody told'],
  ['a field that can not be read', 'agent.ended', { endedBy: 9 }, 'could not be read: endedBy'],
] as const;

test.for(reports)('the tail and the timeline say the same of %s', ([, type, sent, said]) => {
  const data = { room, ...sent };
  expect(words(type, data)).toContain(said);
  const read = readAgentReport(type, data);
  if (!read.ok) throw new Error('it can be read');
  // As the dashboard keeps it, in its table and over the wire.
  const kept = JSON.parse(JSON.stringify(toKeptData(read.report, read.notes))) as Record<string, unknown>;
  expect(words(type, kept)).toBe(words(type, data));
  expect(JSON.stringify(kept)).not.toContain('lakh');
});

test.for([
  ['agent.qualified', {}],
  ['agent.qualified', { room: '', qualification: { budget: '1' } }],
  ['agent.ended', { attempt: 1 }],
] as const)('%s %o that can not be read is no empty answer', ([type, data]) => {
  expect(words(type, data)).toBe('the agent’s report can not be read');
});
