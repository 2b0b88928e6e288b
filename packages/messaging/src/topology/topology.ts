import { agentSubjects } from '@leadline/contracts/publishers';
import type { ConsumingService, ServiceName } from '@leadline/contracts/services';

/**
 * The whole topology in one place, for the set-up, the server's users and the services. permissions.ts says who may use
 * it.
 */

const day = 24 * 3_600 * 1_000;
const mebibyte = 1024 * 1024;

export type StreamDefinition = {
  subjects: readonly string[];
  maxAgeMs: number;
  maxBytes: number;
  maxMessageBytes: number;
  /** `new`: a full stream refuses new messages. `old`: it drops the oldest. */
  discard: 'new' | 'old';
  /**
   * How many of a subject's newest messages are kept, so that a flood from one durable pushes out no other's letters.
   */
  maxMessagesEach?: number;
};

/**
 * File storage and limits retention (a work-queue stream forgets message ids with the messages), a duplicate window of
 * 1 h, and no deny_delete, because we must be able to erase a person's data.
 */
export const streams = {
  LEADS: {
    subjects: ['lead.>'],
    maxAgeMs: 30 * day,
    maxBytes: 2048 * mebibyte,
    maxMessageBytes: 65_536,
    discard: 'new',
  },
  CALLS: {
    subjects: ['call.>'],
    maxAgeMs: 30 * day,
    maxBytes: 2048 * mebibyte,
    maxMessageBytes: 65_536,
    discard: 'new',
  },
  AGENT: {
    // Not agent.alive, which is worth nothing a moment later.
    subjects: agentSubjects,
    maxAgeMs: 30 * day,
    maxBytes: 2048 * mebibyte,
    maxMessageBytes: 262_144,
    discard: 'new',
  },
  DLQ: {
    subjects: ['dlq.>'],
    maxAgeMs: 90 * day,
    maxBytes: 1024 * mebibyte,
    maxMessageBytes: 524_288,
    discard: 'old',
    // Each durable's share. All shares together are less than the stream: see maxLetterBytes.
    maxMessagesEach: 6_000,
  },
  ADVISORIES: {
    subjects: ['$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*', '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.*.*'],
    maxAgeMs: 14 * day,
    maxBytes: 256 * mebibyte,
    maxMessageBytes: 65_536,
    discard: 'old',
    maxMessagesEach: 20_000,
  },
} as const satisfies Record<string, StreamDefinition>;

export type StreamName = keyof typeof streams;

/** How many messages of one subject a stream keeps, in JetStream's form: -1 means no limit. */
export function maxOfEach(stream: StreamDefinition): number {
  return stream.maxMessagesEach ?? -1;
}

export const duplicateWindowMs = 3_600_000;

export type DurableDefinition = {
  stream: StreamName;
  service: ServiceName;
  filters: readonly string[];
  ackWaitMs: number;
  /** The limit for all replicas together; a client's own limit does not change it. */
  maxAckPending: number;
};

const advisoriesOf = (stream: StreamName, durable: string): string[] => [
  `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${durable}`,
  `$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.${stream}.${durable}`,
];

export const durables = {
  'dispatcher-leads': {
    stream: 'LEADS',
    service: 'dispatcher',
    filters: ['lead.created'],
    ackWaitMs: 30_000,
    maxAckPending: 64,
  },
  'dispatcher-calls': {
    stream: 'CALLS',
    service: 'dispatcher',
    filters: ['call.ringing', 'call.qualified', 'call.failed'],
    ackWaitMs: 30_000,
    maxAckPending: 64,
  },
  'call-tracker-calls': {
    stream: 'CALLS',
    service: 'call-tracker',
    filters: ['call.dialing', 'call.answered', 'call.dial_failed'],
    ackWaitMs: 30_000,
    maxAckPending: 64,
  },
  'call-tracker-agent': {
    stream: 'AGENT',
    service: 'call-tracker',
    filters: ['agent.>'],
    ackWaitMs: 30_000,
    maxAckPending: 64,
  },
  'crm-pusher': {
    stream: 'CALLS',
    service: 'crm-pusher',
    filters: ['call.qualified'],
    ackWaitMs: 60_000,
    maxAckPending: 16,
  },
  'dashboard-leads': {
    stream: 'LEADS',
    service: 'dashboard',
    filters: [
      'lead.created',
      'lead.enquiry_added',
      'lead.dispatched',
      'lead.retry_scheduled',
      'lead.postponed',
      'lead.failed',
      'lead.callback_promised',
      'lead.callback_moved',
      'lead.callback_closed',
    ],
    ackWaitMs: 30_000,
    maxAckPending: 256,
  },
  'dashboard-calls': {
    stream: 'CALLS',
    service: 'dashboard',
    filters: [
      'call.dialing',
      'call.answered',
      'call.dial_failed',
      'call.ringing',
      'call.qualified',
      'call.failed',
      'call.ended',
      'call.pushed',
      'call.push_failed',
    ],
    ackWaitMs: 30_000,
    maxAckPending: 256,
  },
  'dashboard-agent': {
    stream: 'AGENT',
    service: 'dashboard',
    filters: ['agent.>'],
    ackWaitMs: 30_000,
    maxAckPending: 256,
  },
  'advisories-dispatcher': {
    stream: 'ADVISORIES',
    service: 'dispatcher',
    filters: [...advisoriesOf('LEADS', 'dispatcher-leads'), ...advisoriesOf('CALLS', 'dispatcher-calls')],
    ackWaitMs: 30_000,
    maxAckPending: 32,
  },
  'advisories-call-tracker': {
    stream: 'ADVISORIES',
    service: 'call-tracker',
    filters: [...advisoriesOf('CALLS', 'call-tracker-calls'), ...advisoriesOf('AGENT', 'call-tracker-agent')],
    ackWaitMs: 30_000,
    maxAckPending: 32,
  },
  'advisories-crm-pusher': {
    stream: 'ADVISORIES',
    service: 'crm-pusher',
    filters: advisoriesOf('CALLS', 'crm-pusher'),
    ackWaitMs: 30_000,
    maxAckPending: 32,
  },
  'advisories-dashboard': {
    stream: 'ADVISORIES',
    service: 'dashboard',
    filters: [
      ...advisoriesOf('LEADS', 'dashboard-leads'),
      ...advisoriesOf('CALLS', 'dashboard-calls'),
      ...advisoriesOf('AGENT', 'dashboard-agent'),
    ],
    ackWaitMs: 30_000,
    maxAckPending: 32,
  },
} as const satisfies Record<string, DurableDefinition>;

export type DurableName = keyof typeof durables;
/** Durables for events, without the ones for JetStream's advisories. */
export type EventDurable = Exclude<DurableName, `advisories-${ConsumingService}`>;

/** A dead letter copies a payload up to this size. A larger payload stays in its stream, and the letter says where. */
export const maxLetterBytes = 16_384;

/** The stream that holds a subject. */
export function streamOf(subject: string): StreamName {
  if (subject.startsWith('lead.')) return 'LEADS';
  if (subject.startsWith('call.')) return 'CALLS';
  if (subject.startsWith('agent.')) return 'AGENT';
  return 'DLQ';
}
