import { z } from 'zod';
import { allEvents } from './events/all.ts';

/** Who publishes and who consumes, for the reader of the document; NATS permissions hold them to it. */
const publishers: Record<string, string> = {
  'lead.created': 'ingest',
  'lead.enquiry_added': 'ingest',
  'lead.dispatched': 'dispatcher',
  'lead.retry_scheduled': 'dispatcher',
  'lead.postponed': 'dispatcher',
  'lead.failed': 'dispatcher',
  'call.dialing': 'dispatcher',
  'call.answered': 'dispatcher',
  'call.dial_failed': 'dispatcher',
  'call.ringing': 'call-tracker',
  'call.qualified': 'call-tracker',
  'call.failed': 'call-tracker',
  'call.ended': 'call-tracker',
  'call.pushed': 'crm-pusher',
  'call.push_failed': 'crm-pusher',
  'agent.ready': 'voice agent',
  'agent.qualified': 'voice agent',
  'agent.ended': 'voice agent',
};

/** The AsyncAPI 3 document of all events, generated from their contracts. */
export function toAsyncApi(): Record<string, unknown> {
  const name = (type: string): string => type.replaceAll(/[._](\w)/g, (_all, letter: string) => letter.toUpperCase());
  const header = (description: string) => ({ type: 'string', description });
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Leadline events',
      version: '1',
      description:
        'JSON payloads with CloudEvents 1.0 binary-mode headers on NATS JetStream. Unknown payload keys are ignored, so that a newer publisher may add some.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      allEvents.map(({ type }) => [
        name(type),
        {
          address: type,
          description: `Published by ${publishers[type]}.`,
          messages: { [name(type)]: { $ref: `#/components/messages/${name(type)}` } },
        },
      ]),
    ),
    operations: Object.fromEntries(
      allEvents.map(({ type }) => [
        `send-${name(type)}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${name(type)}` },
          messages: [{ $ref: `#/channels/${name(type)}/messages/${name(type)}` }],
        },
      ]),
    ),
    components: {
      messageTraits: {
        cloudEvent: {
          headers: {
            type: 'object',
            required: ['ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'ce-subject', 'ce-time', 'Nats-Msg-Id'],
            properties: {
              'ce-specversion': { type: 'string', const: '1.0' },
              'ce-id': header('The same as Nats-Msg-Id; of the outbox row'),
              'ce-type': header('The subject'),
              'ce-source': header('The service that says so'),
              'ce-subject': header('lead/<id>, call/<id>, or a room for agent.*'),
              'ce-time': header('When it happened, ISO 8601 in UTC'),
              'Nats-Msg-Id': header('JetStream drops a repeat of it within an hour'),
              traceparent: header('W3C trace context'),
            },
          },
        },
      },
      messages: Object.fromEntries(
        allEvents.map(({ type, schema }) => {
          const { $schema: _dialect, ...payload } = z.toJSONSchema(schema, { io: 'input' });
          return [name(type), { name: type, traits: [{ $ref: '#/components/messageTraits/cloudEvent' }], payload }];
        }),
      ),
    },
  };
}
