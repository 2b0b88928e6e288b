import { allEvents } from '@leadline/contracts/events/all';
import { expect, test } from 'vitest';
import { openEventReader, type TailEvent } from './tail-event.ts';
import { toEventLine, toPaintedWords } from './to-event-line.ts';

const plain = (_: string, text: string): string => text;

function stored(subject: string, payload: unknown, headers: Record<string, string> = {}) {
  const at = new Date('2026-11-24T14:45:30.250Z');
  return { stream: 'CALLS', seq: 9, subject, at, payload, header: (name: string) => headers[name] };
}
const read = (subject: string, payload: unknown, headers: Record<string, string> = {}): TailEvent =>
  openEventReader()(stored(subject, payload, headers));

test.for([
  [
    'lead.created',
    { leadId: 7, source: 'website' },
    'lead 7                lead.created          came in from website',
  ],
  [
    'call.failed',
    { leadId: 7, callId: 12, room: 'call-12-aaaaaaaaaaaa', reason: 'rejected', sipStatus: 486 },
    'lead 7 · call 12      call.failed           failed: rejected (SIP 486)',
  ],
  [
    'call.failed',
    { leadId: null, callId: 12, reason: 'no_answers', sipStatus: null },
    'call 12               call.failed           failed: no answers',
  ],
  [
    'lead.retry_scheduled',
    { leadId: 7, reason: 'unanswered', retryAt: '2026-11-24T18:40:00.000Z' },
    'lead 7                lead.retry_scheduled  unanswered: rung again, waits until 25 Nov 00:10:00',
  ],
  [
    'lead.postponed',
    { leadId: 7, reason: 'number_in_use', until: null },
    'lead 7                lead.postponed        waits: number in use',
  ],
  [
    'agent.qualified',
    { room: 'call-12-aaaaaaaaaaaa', mode: 'sarvam', qualification: { budget: '8 lakh', location: null } },
    'call 12               agent.qualified       the agent learnt budget',
  ],
  ['lead.created', 'not even JSON', '                      lead.created          came in from unknown'],
] as const)('%s %o is told in one line', ([subject, payload, line]) => {
  expect(toEventLine(read(subject, payload), 'ist', plain)).toBe(`24 Nov 20:15:30  ${line}`);
});

test('a dead letter says who gave up what and why', () => {
  const headers = {
    'leadline-durable': 'crm-pusher',
    'leadline-subject': 'call.qualified',
    'leadline-reason': 'malformed: mode',
  };
  const event = read('dlq.CALLS.crm-pusher', {}, headers);
  expect(toPaintedWords(event, 'ist', plain)).toBe('crm-pusher gave up call.qualified: malformed: mode');
});

test('every event of the contracts has words', () => {
  const silent = allEvents.filter(({ type }) => toPaintedWords(read(type, {}), 'ist', plain) === '');
  expect(silent).toEqual([]);
});

test('the time is the event’s own, in UTC when asked', () => {
  const event = read('lead.created', { leadId: 1, source: 'x' }, { 'ce-time': '2026-11-24T10:00:00.000Z' });
  expect(toEventLine(event, 'utc', plain)).toMatch(/^2026-11-24T10:00:00Z {2}lead 1/);
});

test('an agent’s report is told of the lead whose call it is, once that was told', () => {
  const reader = openEventReader();
  const report = stored('agent.ready', { room: 'call-12-aaaaaaaaaaaa' });
  expect(reader(report)).toMatchObject({ leadId: null, callId: 12 });
  reader(stored('call.dialing', { room: 'call-12-aaaaaaaaaaaa', leadId: 7, callId: 12, source: 'website' }));
  expect(reader(report)).toMatchObject({ leadId: 7, callId: 12, source: 'website' });
});
