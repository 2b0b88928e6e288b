import type { JsMsg, MsgHdrs } from 'nats';
import { createHash } from 'node:crypto';
import { takesTermReason, type Nats } from '../connection/connect.ts';
import { fetchMessage, storeMessage, type Stored } from '../streams/stored-message.ts';
import { maxLetterBytes } from '../topology/topology.ts';

/** Names the one durable that a redriven event is for; the others acknowledge and skip it. */
export const redriveFor = 'leadline-redrive-for';

/** Marks an event that a person sent back, and says who. */
export const redrivenBy = 'leadline-redriven-by';

/** What a dead letter's headers say beside the event's own. */
export const letterHeaders = {
  durable: 'leadline-durable',
  stream: 'leadline-stream',
  seq: 'leadline-seq',
  subject: 'leadline-subject',
  deliveries: 'leadline-deliveries',
  /** A class of error. */
  reason: 'leadline-reason',
  /** When the original was stored. */
  storedAt: 'leadline-stored-at',
  /** Its bytes, where the payload was not copied: it is in its stream, at its place. */
  payloadBytes: 'leadline-payload-bytes',
} as const;

type DeadLetter = {
  durable: string;
  stream: string;
  deliveries: number;
  because: string;
  original: { subject: string; seq: number; data: Uint8Array; storedAt: Date; headers: MsgHdrs | undefined };
};

/** The reason given to JetStream with a `term`: it tells the advisory net that nothing is left to do. */
export const alreadyStored = 'dead_letter_stored';

/**
 * The application's net: the message is stored as a dead letter, and only then ended for its durable.
 * @returns false when it could not be stored; the message is then still to be settled
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
 * Stores it once: both nets call a message by its place in its stream, so that one caught by both is one dead letter. A
 * stream that was lost and made anew counts from one again; where another message stood in that place, this one is called
 * by what it says too.
 */
export async function storeDeadLetter(nats: Nats, letter: DeadLetter): Promise<Stored> {
  const { durable, stream, original } = letter;
  const place = `dlq:${stream}:${durable}:${original.seq}`;
  const stored = await storeAs(nats, place, letter);
  if (stored.kind !== 'stored' || !stored.duplicate) return stored;
  // Rather two letters of one message than none: users that were made by an older version may not look.
  const there = await fetchMessage(nats, 'DLQ', { seq: stored.seq }).catch(() => undefined);
  if (there !== undefined && isOf(there.header, original)) return stored;
  return storeAs(nats, `${place}:${fingerprint(original)}`, letter);
}

/** Whether a dead letter's headers tell of this message. */
export function isOf(header: MsgHdrs, { subject, storedAt }: { subject: string; storedAt: Date }): boolean {
  const apartMs = Math.abs(storedAt.getTime() - Date.parse(header.get(letterHeaders.storedAt)));
  // One client tells nanoseconds as a number, which rounds them.
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

/** The shapes in which publishers fill an event's headers; any other value may hold what must not stand in a header. */
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
