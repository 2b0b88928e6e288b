import { expect, test } from 'vitest';
import { pickStreams } from './pick-streams.ts';

test.for([
  [
    [],
    {
      LEADS: ['lead.>'],
      CALLS: ['call.>'],
      AGENT: ['agent.ready', 'agent.answered_by', 'agent.qualified', 'agent.callback_requested', 'agent.ended'],
      DLQ: ['dlq.>'],
    },
  ],
  [['call'], { CALLS: ['call.>'] }],
  [['call.>'], { CALLS: ['call.>'] }],
  [['lead.failed', 'call.failed'], { LEADS: ['lead.failed'], CALLS: ['call.failed'] }],
  [['call.failed', 'call.ended'], { CALLS: ['call.failed', 'call.ended'] }],
  [['*.failed'], { LEADS: ['lead.failed'], CALLS: ['call.failed'], DLQ: ['dlq.failed'] }],
  [['*.ended'], { CALLS: ['call.ended'], LEADS: ['lead.ended'], AGENT: ['agent.ended'], DLQ: ['dlq.ended'] }],
  [['dlq.CALLS.*'], { DLQ: ['dlq.CALLS.*'] }],
  [['call', 'call.failed'], { CALLS: ['call.>', 'call.failed'] }],
] as const)('%s is found in %o', ([asked, streams]) => {
  expect(Object.fromEntries(pickStreams(asked))).toEqual(streams);
});

test.for(['orders.>', 'leads', 'ops.dispatcher.explain', 'lead.created.', 'lead created', ''])(
  '"%s" is refused, for no stream keeps it',
  (subject) => {
    expect(() => pickStreams([subject])).toThrow(`"${subject}"`);
  },
);

test('a subject that no stream keeps is refused beside a good one', () => {
  expect(() => pickStreams(['lead', 'orders.new'])).toThrow('no stream keeps "orders.new"');
});
