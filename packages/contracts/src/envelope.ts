import { z } from 'zod';

/** CloudEvents 1.0 attributes of an event, as binary-mode headers beside a JSON payload. */
export type Envelope = {
  /** Also the message's `Nats-Msg-Id` and its outbox row's id. */
  id: string;
  /** The contract's type, which is the subject. */
  type: string;
  /** The service that says so. */
  source: string;
  /** What it is about: `lead/42` or `call/7`; for an agent's report its room. */
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

/** @throws ZodError naming the attribute that is missing or can't be read */
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

/** The binding wants space, quote, percent and all but printable ASCII percent-encoded. */
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
