import type { ConsumingService, ServiceName } from '@leadline/contracts/services';

/** All of it in one place: the provisioner, the server's users and the services read it from here. Who may do what with it: permissions.ts. */

const day = 24 * 3_600 * 1_000;
const mebibyte = 1024 * 1024;

export type StreamDefinition = {
  subjects: readonly string[];
  maxAgeMs: number;
  maxBytes: number;
  maxMessageBytes: number;
  /** `new`: a full stream refuses loudly. `old`: the newest matter most. */
  discard: 'new' | 'old';
  /** How many of the newest messages of one subject are kept: a flood of one durable's letters pushes out no other's. */
  maxMessagesEach?: number;
};

/**
 * File storage, limits retention (a work-queue stream forgets message ids with the messages), duplicate window 1 h, no
 * deny_delete: a person's data must be erasable.
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
    subjects: ['agent.>'],
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
    // The share of each durable. All shares together are less than the stream: see maxLetterBytes.
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

/** How many of one subject a stream keeps, as JetStream has it: -1 is no bound. */
export function maxOfEach(stream: StreamDefinition): number {
  return stream.maxMessagesEach ?? -1;
}

export const duplicateWindowMs = 3_600_000;

export type DurableDefinition = {
  stream: StreamName;
  service: ServiceName;
  filters: readonly string[];
  ackWaitMs: number;
  /** The bound on what all replicas hold at once; a client's own limit does not bound it. */
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
/** Those that carry events, not what JetStream says of them. */
export type EventDurable = Exclude<DurableName, `advisories-${ConsumingService}`>;

/** A dead letter copies a payload up to so much; a larger one stays where it is, and the letter says where. */
export const maxLetterBytes = 16_384;

/** The stream that keeps a subject. */
export function streamOf(subject: string): StreamName {
  if (subject.startsWith('lead.')) return 'LEADS';
  if (subject.startsWith('call.')) return 'CALLS';
  if (subject.startsWith('agent.')) return 'AGENT';
  return 'DLQ';
}
