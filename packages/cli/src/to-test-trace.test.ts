import { expect, test } from 'vitest';
import { toTestTrace } from './to-test-trace.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 24, 6, 30) + seconds * 1_000);
const event = (subject: string, seconds: number, data: Record<string, unknown> = {}) => ({
  subject,
  time: at(seconds),
  data,
});

const answered = [
  event('lead.created', 0),
  event('agent.ready', 1.5),
  event('call.dialing', 1.75),
  event('call.ringing', 3.75),
  // Told half a second after it was answered.
  event('call.answered', 8, { answeredAt: at(7.5).toISOString() }),
  event('agent.qualified', 12),
  event('call.ended', 19, { talkSeconds: 10 }),
  event('call.qualified', 19),
];

test('the seconds of an answered call are told, each once', () => {
  expect(toTestTrace(answered)).toEqual({
    outcome: 'qualified',
    reason: null,
    stages: [
      { until: 'the agent was ready', seconds: 1.5 },
      { until: 'the permit, and the INVITE', seconds: 0.25 },
      { until: 'the phone rang', seconds: 2 },
      { until: 'it was answered', seconds: 3.75 },
      { until: 'the talk was over', seconds: 10 },
      { until: 'the call was settled', seconds: 1.5 },
    ],
  });
});

test.for<[string, ReturnType<typeof event>[], { outcome: string | undefined; reason: string | null }]>([
  ['nothing yet', [event('lead.created', 0)], { outcome: undefined, reason: null }],
  [
    'qualified, and not settled',
    answered.filter(({ subject }) => subject !== 'call.ended'),
    { outcome: undefined, reason: null },
  ],
  [
    'refused before any call',
    [event('lead.failed', 1, { reason: 'window_shut' })],
    { outcome: 'refused', reason: 'window_shut' },
  ],
  [
    'not answered',
    [event('call.failed', 9, { reason: 'unanswered' }), event('lead.failed', 10, { reason: 'test_call_over' })],
    { outcome: 'failed', reason: 'unanswered' },
  ],
  [
    'not dialled',
    [event('call.failed', 9, { reason: 'startup_failed', notDialled: 'agent_absent' }), event('lead.failed', 10)],
    { outcome: 'failed', reason: 'agent_absent' },
  ],
  [
    'failed, and not given up yet',
    [event('call.failed', 9, { reason: 'rejected' })],
    { outcome: undefined, reason: 'rejected' },
  ],
])('%s', ([, events, expected]) => {
  expect(toTestTrace(events)).toMatchObject(expected);
});

test('whatever order events come in, and whichever are missing, no second is told twice and none is negative', () => {
  for (let chosen = 0; chosen < 2 ** answered.length; chosen++) {
    const some = answered.filter((_, n) => (chosen & (1 << n)) !== 0);
    const { stages } = toTestTrace(some.toReversed());
    expect(stages).toEqual(toTestTrace(some).stages);
    expect(stages.filter(({ seconds }) => seconds < 0)).toEqual([]);
    expect(stages.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(19);
  }
});
