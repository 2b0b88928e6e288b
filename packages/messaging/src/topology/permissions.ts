import { agentSubjects, publishes } from '@leadline/contracts/publishers';
import { serviceNames, type PublishingService, type ServiceName } from '@leadline/contracts/services';
import { durables, streamOf, streams, type StreamName } from './topology.ts';

/** A login of NATS: each service under its name, and those who are no service. */
export type NatsUser = 'provisioner' | ServiceName | 'agent' | 'ops';
export const natsUsers: readonly NatsUser[] = ['provisioner', ...serviceNames, 'agent', 'ops'];

/**
 * The account of the services' logins and of the streams. A stream lies on the server's disk under its account's name, so
 * one that was made before agents had an account of their own stays in `$G`, the server's account for logins without one.
 */
export const servicesAccounts = ['LEADLINE', '$G'] as const;
export type ServicesAccount = (typeof servicesAccounts)[number];
export const agentsAccount = 'AGENTS';

export type Permissions = { publish: string[]; subscribe: string[]; mayAnswer: boolean };

const eventSubjects = [streams.LEADS, streams.CALLS, streams.AGENT, streams.DLQ].flatMap(({ subjects }) => subjects);

/** No user may do more than its slice needs. `login` is the name it comes under, which its replies come back to. */
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
      return { publish: [...agentSubjects], subscribe: [inbox], mayAnswer: false };
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
          // Which dead letters were sent back, when and by whom.
          'dlq.redriven.by.*',
          ...Object.keys(streams).flatMap(reads),
        ],
        // What it may read in the streams it may hear as it comes: any NATS client shows it.
        subscribe: [inbox, ...eventSubjects],
        mayAnswer: false,
      };
  }
}

function servicePermissions(user: PublishingService, inbox: string): Permissions {
  const own = Object.entries(durables).filter(([, durable]) => durable.service === user);
  const outboxStreams = new Set(publishes[user].map(streamOf));
  // The dispatcher asks it of all four outboxes before it gives a permit.
  const looksInto = new Set<StreamName>(user === 'dispatcher' ? ['LEADS', 'CALLS'] : outboxStreams);
  // Whoever sets a message aside looks whether what is known by its place is that very message.
  for (const [, durable] of own) looksInto.add(durable.stream === 'ADVISORIES' ? 'DLQ' : durable.stream);
  return {
    publish: [
      ...publishes[user],
      ...[...looksInto].map((stream) => `$JS.API.STREAM.MSG.GET.${stream}`),
      ...consumes(user),
      ...(user === 'call-tracker' ? erases : []),
    ],
    subscribe: [inbox, `ops.${user}.>`, ...(user === 'dispatcher' ? ['agent.ready'] : [])],
    mayAnswer: true,
  };
}

/** What it takes to see how full they are, and to take single reports out of their stream and out of the dead letters. */
const erases = [
  '$JS.API.STREAM.INFO.AGENT',
  '$JS.API.STREAM.INFO.DLQ',
  '$JS.API.STREAM.MSG.DELETE.AGENT',
  '$JS.API.STREAM.MSG.DELETE.DLQ',
];

/** What it takes to consume the service's own durables and to set aside what it gives up. */
function consumes(service: ServiceName): string[] {
  return Object.entries(durables)
    .filter(([, durable]) => durable.service === service)
    .flatMap(([name, { stream }]) => [
      `$JS.API.CONSUMER.INFO.${stream}.${name}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      // Both forms of the acknowledgement: newer servers switch to the second.
      `$JS.ACK.${stream}.${name}.>`,
      `$JS.ACK.*.*.${stream}.${name}.>`,
      ...(stream === 'ADVISORIES' ? [] : [`dlq.${stream}.${name}`]),
    ]);
}

/**
 * What it takes to tail a stream with an ordered consumer, and to fetch single messages. Its name is random and a name
 * can't be part-wildcarded, so a reader may also pull from a service's durable, but neither settle what it gets nor
 * delete the durable: an ordered consumer left behind ends by itself.
 */
function reads(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    // The client's way with several filters. It makes no durables.
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
}
