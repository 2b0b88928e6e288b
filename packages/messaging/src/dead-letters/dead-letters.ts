import { NatsError, type JsMsg, type MsgHdrs } from 'nats';
import { createHash } from 'node:crypto';
import { takesTermReason, type Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';
import { fetchMessage, storeMessage, type Stored } from '../streams/stored-message.ts';
import { maxLetterBytes } from '../topology/topology.ts';

/** Names the one durable that a redriven event is for. The others acknowledge and skip it. */
export const redriveFor = 'leadline-redrive-for';

/** Marks an event that a person sent back, with the person's name. */
export const redrivenBy = 'leadline-redriven-by';

/** A dead letter's own headers, beside those of the event. */
export const letterHeaders = {
  durable: 'leadline-durable',
  stream: 'leadline-stream',
  seq: 'leadline-seq',
  subject: 'leadline-subject',
  deliveries: 'leadline-deliveries',
  /** The class of the error. */
  reason: 'leadline-reason',
  /** When the original was stored. */
  storedAt: 'leadline-stored-at',
  /** The payload's size, if it was not copied: it is at its place in its stream. */
  payloadBytes: 'leadline-payload-bytes',
} as const;

type DeadLetter = {
  durable: string;
  stream: string;
  deliveries: number;
  because: string;
  original: { subject: string; seq: number; data: Uint8Array; storedAt: Date; headers: MsgHdrs | undefined };
};

/** The reason for JetStream's `term`, which shows the advisory net that the dead letter exists. */
export const alreadyStored = 'dead_letter_stored';

/**
 * The application's net: stores the message as a dead letter, and only then ends it for its durable.
 * @returns false when it could not be stored; the message is then still unsettled
 */
export async function putAside(nats: Nats, durable: string, message: JsMsg, because: string): Promise<boolean> {
  const stored = await storeDeadLetter(nats, {
    durable,
    stream: message.info.stream,
    deliveries: message.info.deliveryCount,
    because,
    original: {
      subject: message.subject,
      seq: message.seq,
      data: message.data,
      storedAt: new Date(message.info.timestampNanos / 1e6),
      headers: message.headers,
    },
  });
  if (stored.kind !== 'stored') return false;
  message.term(takesTermReason(nats) ? alreadyStored : '');
  return true;
}

/**
 * Stores a dead letter once: both nets name a message by its place in its stream, so a message that both catch becomes
 * one letter. A stream that was lost and recreated counts from one again; if another message had the same place before,
 * the name includes a hash of the content too.
 */
export async function storeDeadLetter(nats: Nats, letter: DeadLetter): Promise<Stored> {
  const { durable, stream, original } = letter;
  const place = `dlq:${stream}:${durable}:${original.seq}`;
  const stored = await storeAs(nats, place, letter);
  if (stored.kind !== 'stored' || !stored.duplicate) return stored;
  try {
    const there = await fetchMessage(nats, 'DLQ', { seq: stored.seq });
    if (there !== undefined && isOf(there.header, original)) return stored;
  } catch (error) {
    // Two letters are better than none: users that an older version created may not look. Others look again later.
    const mayLook = !(error instanceof NatsError && error.isPermissionError());
    if (mayLook) return { kind: 'again', because: describeError(error) };
  }
  return storeAs(nats, `${place}:${fingerprint(original)}`, letter);
}

/** Whether a dead letter's headers belong to this message. */
export function isOf(header: MsgHdrs, { subject, storedAt }: { subject: string; storedAt: Date }): boolean {
  const apartMs = Math.abs(storedAt.getTime() - Date.parse(header.get(letterHeaders.storedAt)));
  // One client writes nanoseconds as a number, which rounds them.
  return apartMs <= 1 && subject === header.get(letterHeaders.subject);
}

function storeAs(nats: Nats, messageId: string, letter: DeadLetter): Promise<Stored> {
  const { durable, stream, original } = letter;
  const isLarge = original.data.length > maxLetterBytes;
  return storeMessage(nats, {
    subject: `dlq.${stream}.${durable}`,
    stream: 'DLQ',
    messageId,
    headers: {
      ...keptHeaders(original.headers),
      [letterHeaders.durable]: durable,
      [letterHeaders.stream]: stream,
      [letterHeaders.seq]: String(original.seq),
      [letterHeaders.subject]: original.subject,
      [letterHeaders.deliveries]: String(letter.deliveries),
      [letterHeaders.reason]: letter.because.replaceAll(/[^\u0020-\u007e]/gu, '?').slice(0, 300),
      [letterHeaders.storedAt]: original.storedAt.toISOString(),
      ...(isLarge ? { [letterHeaders.payloadBytes]: String(original.data.length) } : {}),
    },
    payload: isLarge ? '' : original.data,
  });
}

function fingerprint({ subject, headers, data }: DeadLetter['original']): string {
  const identity = createHash('sha256')
    .update(`${subject}\n${headers?.get('Nats-Msg-Id') ?? ''}\n`)
    .update(data);
  return identity.digest('hex').slice(0, 16);
}

/** The usual forms of an event's headers. Any other value may hold something that must not be in a header. */
const known: Record<string, RegExp> = {
  'ce-specversion': /^1\.0$/,
  'ce-id': /^(?=.*[a-zA-Z])[\w:.%-]{8,300}$/,
  'ce-type': /^[a-z_]+(\.[a-z_]+)+$/,
  'ce-source': /^[a-z][a-z0-9_-]{0,60}$/,
  'ce-subject': /^((lead|call)\/\d+|call-\d+-[a-z0-9]{12})$/,
  'ce-time': /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/,
  'ce-datacontenttype': /^application\/json$/,
  traceparent: /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
};

function keptHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, shape] of Object.entries(known)) {
    const value = headers?.get(name) ?? '';
    if (shape.test(value)) kept[name] = value;
  }
  return kept;
}
