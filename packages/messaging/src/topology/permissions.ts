import { agentAliveSubject, allAgentSubjects, publishes } from '@leadline/contracts/publishers';
import { serviceNames, type PublishingService, type ServiceName } from '@leadline/contracts/services';
import { durables, streamOf, streams, type StreamName } from './topology.ts';

/** A NATS login: each service under its name, and three others. */
export type NatsUser = 'provisioner' | ServiceName | 'agent' | 'ops';
export const natsUsers: readonly NatsUser[] = ['provisioner', ...serviceNames, 'agent', 'ops'];

/**
 * The account of the services and the streams. On the server's disk, a stream's folder carries its account's name, so
 * streams that were created before agents had an account of their own stay in `$G`, the server's default account.
 */
export const servicesAccounts = ['LEADLINE', '$G'] as const;
export type ServicesAccount = (typeof servicesAccounts)[number];
export const agentsAccount = 'AGENTS';

export type Permissions = { publish: string[]; subscribe: string[]; mayAnswer: boolean };

const eventSubjects = ['lead.>', 'call.>', 'agent.>', 'dlq.>'];

/** The least permissions for a user. `login` is the user's name, which its reply subjects carry. */
export function permissionsOf(user: NatsUser, login: string = user): Permissions {
  const inbox = `_INBOX_${login}.>`;
  switch (user) {
    case 'provisioner':
      return { publish: ['$JS.API.>'], subscribe: [inbox], mayAnswer: false };
    case 'ingest':
    case 'dispatcher':
    case 'call-tracker':
    case 'crm-pusher':
      return servicePermissions(user, inbox);
    case 'agent':
      return { publish: [...allAgentSubjects], subscribe: [inbox], mayAnswer: false };
    case 'dashboard':
      return {
        publish: ['ops.>', ...Object.keys(streams).flatMap(reads), ...consumes(user)],
        subscribe: [inbox, 'ops.dashboard.>'],
        mayAnswer: true,
      };
    case 'ops':
      return {
        publish: [
          'lead.>',
          'call.>',
          'agent.>',
          'ops.>',
          // Reads which dead letters were sent back, when and by whom.
          'dlq.redriven.by.*',
          ...Object.keys(streams).flatMap(reads),
        ],
        // Reads from the streams what it may also receive live: any NATS client displays it.
        subscribe: [inbox, ...eventSubjects],
        mayAnswer: false,
      };
  }
}

/** What is heard live, beside the streams. */
const listensTo: Partial<Record<PublishingService, readonly string[]>> = {
  dispatcher: ['agent.ready'],
  'call-tracker': [agentAliveSubject, 'agent.ended'],
};

function servicePermissions(user: PublishingService, inbox: string): Permissions {
  const own = Object.entries(durables).filter(([, durable]) => durable.service === user);
  const outboxStreams = new Set(publishes[user].map(streamOf));
  // The dispatcher checks all four outboxes before each permit.
  const looksInto = new Set<StreamName>(user === 'dispatcher' ? ['LEADS', 'CALLS'] : outboxStreams);
  // Before setting a message aside, look whether its place still holds that message.
  for (const [, durable] of own) looksInto.add(durable.stream === 'ADVISORIES' ? 'DLQ' : durable.stream);
  return {
    publish: [
      ...publishes[user],
      ...[...looksInto].map((stream) => `$JS.API.STREAM.MSG.GET.${stream}`),
      ...consumes(user),
      ...(user === 'call-tracker' ? erases : []),
    ],
    subscribe: [inbox, `ops.${user}.>`, ...(listensTo[user] ?? [])],
    mayAnswer: true,
  };
}

/**
 * Permissions to read how full the streams are, and to remove single reports from their stream and from the dead
 * letters.
 */
const erases = [
  '$JS.API.STREAM.INFO.AGENT',
  '$JS.API.STREAM.INFO.DLQ',
  '$JS.API.STREAM.MSG.DELETE.AGENT',
  '$JS.API.STREAM.MSG.DELETE.DLQ',
];

/** Permissions to consume the service's own durables, and to set aside what it gives up. */
function consumes(service: ServiceName): string[] {
  return Object.entries(durables)
    .filter(([, durable]) => durable.service === service)
    .flatMap(([name, { stream }]) => [
      `$JS.API.CONSUMER.INFO.${stream}.${name}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      // Both forms of the acknowledgement, because newer servers use the second.
      `$JS.ACK.${stream}.${name}.>`,
      `$JS.ACK.*.*.${stream}.${name}.>`,
      ...(stream === 'ADVISORIES' ? [] : [`dlq.${stream}.${name}`]),
    ]);
}

/**
 * Permissions to tail a stream with an ordered consumer, and to fetch single messages. The consumer's name is random,
 * and a permission can't match part of a name, so a reader may also pull from a service's durable. It can neither
 * settle messages nor delete the durable; an abandoned ordered consumer ends by itself.
 */
function reads(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    // The client's subject for several filters. It can't create durables.
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
}
