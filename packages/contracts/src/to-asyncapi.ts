import { z } from 'zod';
import type { CommandContract } from './command.ts';
import { allCommands } from './commands/all.ts';
import type { EventContract } from './event.ts';
import { allEvents } from './events/all.ts';
import { publisherOf } from './publishers.ts';

type Json = Record<string, unknown>;

/** The AsyncAPI 3 document of all events and commands, generated from their contracts. */
export function toAsyncApi(): Json {
  const events = allEvents.map(toEvent);
  const commands = allCommands.map(toCommand);
  const all = [...events, ...commands];
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Leadline events and commands',
      version: '1',
      description:
        'Events are JSON payloads with CloudEvents 1.0 binary-mode headers on NATS JetStream; commands are core requests of NATS with a JSON body, answered by one replica. Unknown keys are ignored, so that a newer publisher may add some.',
    },
    defaultContentType: 'application/json',
    channels: Object.assign({}, ...all.map(({ channels }) => channels)),
    operations: Object.assign({}, ...all.map(({ operations }) => operations)),
    components: {
      messageTraits: { cloudEvent: { headers: cloudEventHeaders } },
      messages: Object.assign({}, ...all.map(({ messages }) => messages), { notDone }),
    },
  };
}

type Part = { channels: Json; operations: Json; messages: Json };

function toEvent({ type, schema }: EventContract): Part {
  const name = toName(type);
  return {
    channels: {
      [name]: {
        address: type,
        description: `Published by ${publisherOf(type)}.`,
        messages: { [name]: messageRef(name) },
      },
    },
    operations: {
      [`send-${name}`]: { action: 'send', channel: channelRef(name), messages: [channelMessageRef(name, name)] },
    },
    messages: {
      [name]: {
        name: type,
        traits: [{ $ref: '#/components/messageTraits/cloudEvent' }],
        payload: toSchema(schema, 'input'),
      },
    },
  };
}

/** The service receives it, and replies to an inbox that NATS creates for each request. */
function toCommand({ subject, summary, body, result }: CommandContract): Part {
  const name = toName(subject);
  const reply = `${name}Reply`;
  return {
    channels: {
      [name]: { address: subject, description: `${summary}.`, messages: { [name]: messageRef(name) } },
      [reply]: { address: null, messages: { [reply]: messageRef(reply), notDone: messageRef('notDone') } },
    },
    operations: {
      [`receive-${name}`]: {
        action: 'receive',
        summary,
        channel: channelRef(name),
        messages: [channelMessageRef(name, name)],
        reply: {
          channel: channelRef(reply),
          messages: [channelMessageRef(reply, reply), channelMessageRef(reply, 'notDone')],
        },
      },
    },
    messages: {
      [name]: { name: subject, payload: toSchema(body, 'input') },
      [reply]: {
        name: `the result of ${subject}`,
        payload: { type: 'object', required: ['result'], properties: { result: toSchema(result, 'output') } },
      },
    },
  };
}

const notDone = {
  name: 'why a command was not carried out',
  payload: {
    type: 'object',
    required: ['error', 'kind'],
    properties: {
      error: { type: 'string', description: 'In words for the person who asked.' },
      kind: {
        enum: ['refused', 'failed'],
        description: 'refused: it can not be granted, and nothing was done. failed: whether it was done is not known.',
      },
    },
  },
};

const header = (description: string): Json => ({ type: 'string', description });
const cloudEventHeaders = {
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
};

const toName = (subject: string): string =>
  subject.replaceAll(/[._-](\w)/g, (_all, letter: string) => letter.toUpperCase());
const messageRef = (name: string): Json => ({ $ref: `#/components/messages/${name}` });
const channelRef = (name: string): Json => ({ $ref: `#/channels/${name}` });
const channelMessageRef = (channel: string, message: string): Json => ({
  $ref: `#/channels/${channel}/messages/${message}`,
});

/** `input`: what a sender has to send. `output`: what a reader can rely on. */
function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    io,
    override({ jsonSchema }) {
      // Unknown keys pass everywhere.
      if (jsonSchema.properties !== undefined) delete jsonSchema.additionalProperties;
      // The format says the same; the pattern is a screen long.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return described;
}
