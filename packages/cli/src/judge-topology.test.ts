import type { DurableState, StreamState } from '@leadline/messaging/read-topology';
import { expect, test } from 'vitest';
import { judgeTopology } from './judge-topology.ts';

const stream = (over: Partial<StreamState> = {}): StreamState => ({
  name: 'CALLS',
  found: { messages: 1, bytes: 1, first: 1, last: 1, replicas: 3 },
  differences: [],
  ...over,
});
const held = {
  waiting: 0,
  inHand: 0,
  redelivered: 0,
  lastSettled: 'never',
  pausedUntil: undefined,
  asking: 1,
} as const;
const durable = (waiting = 0, over: Partial<DurableState> = {}): DurableState => ({
  name: 'crm-pusher',
  stream: 'CALLS',
  service: 'crm-pusher',
  differences: [],
  found: { ...held, waiting },
  ...over,
});

test.for([
  ['all is as it should be', [stream()], [durable()], [['streams', 'good']]],
  ['a stream is missing', [stream({ found: undefined })], [durable()], [['CALLS', 'bad']]],
  [
    'a consumer is set otherwise',
    [stream()],
    [durable(0, { differences: ['ack_wait is 1, not 2'] })],
    [['crm-pusher', 'bad']],
  ],
  [
    'much waits',
    [stream()],
    [durable(1_000)],
    [
      ['streams', 'good'],
      ['crm-pusher', 'note'],
    ],
  ],
  [
    'a stream is nearly full that refuses then, and one that drops its oldest',
    [
      stream({ name: 'AGENT', found: { messages: 1, bytes: 1.8e9, first: 1, last: 1, replicas: 3 } }),
      stream({ name: 'DLQ', found: { messages: 1, bytes: 0.9e9, first: 1, last: 1, replicas: 3 } }),
      stream({ name: 'ADVISORIES', found: { messages: 1, bytes: 0.2e9, first: 1, last: 1, replicas: 3 } }),
    ],
    [durable()],
    [
      ['streams', 'good'],
      ['AGENT', 'bad'],
      ['DLQ', 'note'],
    ],
  ],
  [
    'a consumer is paused',
    [stream()],
    [durable(0, { found: { ...held, pausedUntil: new Date('2026-12-01T00:00:00Z') } })],
    [
      ['streams', 'good'],
      ['crm-pusher', 'bad'],
    ],
  ],
  [
    'there is one replica',
    [stream({ found: { messages: 0, bytes: 0, first: 0, last: 0, replicas: 1 } })],
    [durable()],
    [
      ['streams', 'good'],
      ['streams', 'note'],
    ],
  ],
] as const)('when %s', ([, streams, durables, verdicts]) => {
  expect(judgeTopology([...streams], [...durables]).map(({ about, verdict }) => [about, verdict])).toEqual(verdicts);
});
