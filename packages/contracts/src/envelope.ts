import { z } from 'zod';

/** An event's CloudEvents 1.0 attributes, sent as binary-mode headers beside a JSON payload. */
export type Envelope = {
  /** Also the message's `Nats-Msg-Id` and the id of its outbox row. */
  id: string;
  /** The contract's type, which is also the NATS subject. */
  type: string;
  /** The service that publishes it. */
  source: string;
  /** The lead or call: `lead/42` or `call/7`; for an agent's report the room. */
  subject: string;
  time: Date;
};

const attributes = z.object({
  id: z.string().min(1),
  type: z.string().min(1),
  source: z.string().min(1),
  subject: z.string().min(1),
  time: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
});

/** https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md */
export function toHeaders(envelope: Envelope): Record<string, string> {
  return {
    'ce-specversion': '1.0',
    'ce-id': encode(envelope.id),
    'ce-type': encode(envelope.type),
    'ce-source': encode(envelope.source),
    'ce-subject': encode(envelope.subject),
    'ce-time': envelope.time.toISOString(),
    'ce-datacontenttype': 'application/json',
  };
}

/** @throws ZodError naming the attribute that is missing or unreadable */
export function fromHeaders(get: (name: string) => string | undefined): Envelope {
  const read = (name: string): string | undefined => {
    const value = get(`ce-${name}`);
    return value === undefined || value === '' ? undefined : decode(value);
  };
  return attributes.parse({
    id: read('id'),
    type: read('type'),
    source: read('source'),
    subject: read('subject'),
    time: read('time'),
  });
}

/** The NATS binding percent-encodes space, quote, percent and everything but printable ASCII. */
function encode(value: string): string {
  return value.replaceAll(/[^\u0021-\u007e]|["%]/gu, (character) => encodeURIComponent(character));
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
