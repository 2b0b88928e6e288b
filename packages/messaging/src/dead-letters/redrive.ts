import { fromHeaders, toHeaders } from '@leadline/contracts/envelope';
import { allEvents } from '@leadline/contracts/events/all';
import type { MsgHdrs, StoredMsg } from 'nats';
import { CommandRefused } from '../connection/ask.ts';
import type { Nats } from '../connection/connect.ts';
import { isOf, letterHeaders, redriveFor, redrivenBy } from './dead-letters.ts';
import { fetchMessage, storeMessage, type Message } from '../streams/stored-message.ts';
import { streamOf } from '../topology/topology.ts';

export type DeadLetterView = {
  /** Its place in the DLQ stream, by which redrives name it. */
  seq: number;
  at: Date;
  durable: string;
  subject: string;
  reason: string;
  deliveries: number;
  eventId: string;
  payload: unknown;
  /** How often people sent it back, and when and who last. */
  redriven: { times: number; at: Date; who: string } | undefined;
  /** Somebody decided to leave it. */
  discarded: { at: Date; who: string } | undefined;
};

export type DeadLetterFilter = {
  durable?: string;
  subject?: string;
  /** A prefix: `malformed` finds every malformed payload. */
  reason?: string;
  since?: Date;
};

/** One dead letter; undefined if there is none with this number. */
export async function readDeadLetter(nats: Nats, seq: number): Promise<DeadLetterView | undefined> {
  const message = await fetchMessage(nats, 'DLQ', { seq });
  if (message === undefined || message.header.get(letterHeaders.durable) === '') return undefined;
  return toView(nats, message);
}

/** Dead letters, oldest first, at most `limit`. `redriven: false`: those that nobody has sent back or discarded. */
export async function listDeadLetters(
  nats: Nats,
  filter: DeadLetterFilter & { redriven?: boolean } = {},
  limit = 1_000,
): Promise<DeadLetterView[]> {
  const letters: DeadLetterView[] = [];
  const subject = `dlq.*.${filter.durable ?? '*'}`;
  for (let seq = 1; letters.length < limit;) {
    const message = await fetchMessage(nats, 'DLQ', { seq, next_by_subj: subject });
    if (message === undefined) return letters;
    seq = message.seq + 1;
    if (!matches(message, filter)) continue;
    const view = await toView(nats, message);
    const isSettled = view.redriven !== undefined || view.discarded !== undefined;
    if (filter.redriven === undefined || filter.redriven === isSettled) letters.push(view);
  }
  return letters;
}

export type Redriven = {
  seq: number;
  eventId: string;
  subject: string;
  outcome: 'redriven' | 'would_redrive' | 'refused';
  because?: string;
};

/** @throws CommandRefused when there is no dead letter with this number */
export async function findDeadLetter(nats: Nats, seq: number): Promise<DeadLetterView> {
  return (await readLetter(nats, seq)).letter;
}

async function readLetter(nats: Nats, seq: number): Promise<{ letter: DeadLetterView; message: StoredMsg }> {
  const message = await fetchMessage(nats, 'DLQ', { seq });
  if (message === undefined || message.header.get(letterHeaders.durable) === '')
    throw new CommandRefused(`seq: there is no dead letter ${seq}`);
  return { letter: await toView(nats, message), message };
}

/** A dead letter that failed this often needs another remedy. */
const maxRedrives = 20;

/**
 * Sends a dead letter back to the one durable that gave it up. A given payload replaces the broken one; either must fit
 * its contract. The dead letter stays, and a mark beside it says who sent it back and when, because the fault and its
 * repair remain worth knowing. `auditedBy`: the audit that already records it with its reason; other redrives get an
 * audit entry from their mark.
 * @throws CommandRefused when there is no such dead letter, or its payload does not fit, naming the field
 */
export async function redrive(
  nats: Nats,
  asked: { seq: number; who: string; payload?: unknown; dryRun?: boolean; auditedBy?: 'dashboard' },
): Promise<Redriven> {
  const { letter, message } = await readLetter(nats, asked.seq);
  const times = (letter.redriven?.times ?? 0) + 1;
  if (times > maxRedrives)
    throw new CommandRefused(
      `seq: it has been sent back ${maxRedrives} times already: repair its cause, or discard it`,
    );
  const payload = asked.payload ?? letter.payload;
  if (payload === gonePayload)
    throw new CommandRefused(
      'seq: its payload was too large to be copied, and is gone from its stream: pass one with --payload',
    );
  checkPayload(letter.subject, payload);
  const ids = { seq: letter.seq, eventId: letter.eventId, subject: letter.subject };
  if (asked.dryRun === true) return { ...ids, outcome: 'would_redrive' };
  const who = encodeURIComponent(asked.who.slice(0, 100));
  await storeOrRefuse(nats, {
    subject: letter.subject,
    stream: streamOf(letter.subject),
    // JetStream would drop the old id as a repeat. If we die before the mark below, the same redrive uses the same id
    // again.
    messageId: `redrive:${times}:${letter.seq}:${letter.eventId}`,
    headers: { ...envelopeOf(letter, message), [redriveFor]: letter.durable, [redrivenBy]: who },
    payload: JSON.stringify(payload),
  });
  await storeOrRefuse(nats, {
    subject: markSubject(letter.seq),
    stream: 'DLQ',
    messageId: `redriven:${letter.seq}:${times}`,
    headers: {
      [redrivenBy]: who,
      [timesHeader]: String(times),
      ...(asked.auditedBy === undefined ? {} : { [auditedByHeader]: asked.auditedBy }),
    },
    payload: '',
  });
  return { ...ids, outcome: 'redriven' };
}

/**
 * Notes that somebody decided to leave a dead letter: what it held back continues. It stays, and people may still send
 * it back. `auditedBy`: as in a redrive.
 * @throws CommandRefused when there is no such dead letter
 */
export async function discard(
  nats: Nats,
  asked: { seq: number; who: string; reason: string; auditedBy?: 'dashboard' },
): Promise<DeadLetterView> {
  const { letter } = await readLetter(nats, asked.seq);
  const times = letter.redriven?.times ?? 0;
  await storeOrRefuse(nats, {
    subject: markSubject(letter.seq),
    stream: 'DLQ',
    messageId: `discarded:${letter.seq}:${times}`,
    headers: {
      [redrivenBy]: encodeURIComponent(asked.who.slice(0, 100)),
      [timesHeader]: String(times),
      [discardedHeader]: encodeURIComponent(asked.reason.slice(0, 500)),
      ...(asked.auditedBy === undefined ? {} : { [auditedByHeader]: asked.auditedBy }),
    },
    payload: '',
  });
  return letter;
}

/**
 * Redrives all that match and were never redriven, oldest first, at most `cap`. It reports a letter that can't be
 * redriven, and continues. Calls `done` after each, with the total.
 */
export async function redriveMatching(
  nats: Nats,
  asked: { filter: DeadLetterFilter; cap: number; who: string; dryRun?: boolean },
  done: (letter: Redriven, no: number, of: number) => void = () => undefined,
): Promise<Redriven[]> {
  const { filter, cap, who, dryRun = false } = asked;
  const results: Redriven[] = [];
  const letters = await listDeadLetters(nats, { ...filter, redriven: false }, cap);
  for (const letter of letters) {
    const result = await tryRedrive(nats, letter, { who, dryRun });
    results.push(result);
    done(result, results.length, letters.length);
  }
  return results;
}

async function tryRedrive(
  nats: Nats,
  { seq, eventId, subject }: DeadLetterView,
  by: { who: string; dryRun: boolean },
): Promise<Redriven> {
  try {
    return await redrive(nats, { seq, ...by });
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    return { seq, eventId, subject, outcome: 'refused', because: error.message };
  }
}

export type RedriveMark = {
  /** The mark's own place in the DLQ stream. */
  place: number;
  at: Date;
  /** The dead letter's place. */
  seq: number;
  who: string;
  times: number;
  auditedBy: string | undefined;
  /** Why it was discarded; undefined if it was sent back. */
  discardedBecause: string | undefined;
};

/** The marks of redrives after a place, oldest first. */
export async function* readRedriveMarks(nats: Nats, behind: number): AsyncGenerator<RedriveMark> {
  for (let place = behind + 1; ;) {
    const message = await fetchMessage(nats, 'DLQ', { seq: place, next_by_subj: `${markPrefix}*` });
    if (message === undefined) return;
    place = message.seq + 1;
    const mark = toMark(message);
    if (Number.isSafeInteger(mark.seq) && mark.seq > 0) yield mark;
  }
}

/** The newest mark; undefined if nobody ever sent anything back. */
export async function readNewestMark(nats: Nats): Promise<RedriveMark | undefined> {
  const message = await fetchMessage(nats, 'DLQ', { last_by_subj: `${markPrefix}*` });
  return message === undefined ? undefined : toMark(message);
}

const timesHeader = 'leadline-redrive-times';
const discardedHeader = 'leadline-discarded-because';
const auditedByHeader = 'leadline-redrive-audited-by';
const markPrefix = 'dlq.redriven.by.';

function markSubject(seq: number): string {
  return `${markPrefix}${seq}`;
}

function toMark(message: StoredMsg): RedriveMark {
  const { header } = message;
  return {
    place: message.seq,
    at: message.time,
    seq: Number(message.subject.slice(markPrefix.length)),
    who: readName(header.get(redrivenBy)),
    times: Number(header.get(timesHeader)),
    auditedBy: text(header, auditedByHeader),
    discardedBecause: header.has(discardedHeader) ? readName(header.get(discardedHeader)) : undefined,
  };
}

async function storeOrRefuse(nats: Nats, message: Message): Promise<void> {
  const stored = await storeMessage(nats, message);
  if (stored.kind !== 'stored') throw new CommandRefused(`${message.subject} was not stored: ${stored.because}`);
}

function checkPayload(subject: string, payload: unknown): void {
  const contract = allEvents.find(({ type }) => type === subject);
  if (contract === undefined) throw new CommandRefused(`there is no event ${subject}`);
  const parsed = (contract.accepts ?? contract.schema).safeParse(payload);
  if (parsed.success) return;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`);
  throw new CommandRefused(`the payload does not fit ${subject}: ${faults.join('; ')}`);
}

/** The event's own envelope; completes a broken one from what we know about the message. */
function envelopeOf(letter: DeadLetterView, message: StoredMsg): Record<string, string> {
  const assumed: Record<string, string> = {
    'ce-id': letter.eventId,
    'ce-type': letter.subject,
    'ce-source': 'unknown',
    'ce-subject': letter.subject,
    'ce-time': message.header.get(letterHeaders.storedAt),
  };
  const envelope = fromHeaders((name) => text(message.header, name) ?? assumed[name]);
  return toHeaders({ ...envelope, type: letter.subject });
}

async function toView(nats: Nats, message: StoredMsg): Promise<DeadLetterView> {
  const marked = await fetchMessage(nats, 'DLQ', { last_by_subj: markSubject(message.seq) });
  const mark = marked === undefined ? undefined : toMark(marked);
  const { header } = message;
  return {
    seq: message.seq,
    at: message.time,
    durable: header.get(letterHeaders.durable),
    subject: header.get(letterHeaders.subject),
    reason: header.get(letterHeaders.reason),
    deliveries: Number(header.get(letterHeaders.deliveries)),
    eventId: text(header, 'ce-id') ?? `${header.get(letterHeaders.stream)}:${header.get(letterHeaders.seq)}`,
    payload: await readPayload(nats, message),
    redriven: mark === undefined || mark.times === 0 ? undefined : { times: mark.times, at: mark.at, who: mark.who },
    discarded: mark?.discardedBecause === undefined ? undefined : { at: mark.at, who: mark.who },
  };
}

const gonePayload = '(too large to be copied, and gone from its stream)';

async function readPayload(nats: Nats, letter: StoredMsg): Promise<unknown> {
  const payload = await readLetterText(nats, letter);
  return payload === undefined ? gonePayload : readJson(payload);
}

/** A dead letter's payload. A large one is in its own stream; undefined if it is gone from there. */
export async function readLetterText(nats: Nats, { header, data }: StoredMsg): Promise<string | undefined> {
  if (header.get(letterHeaders.payloadBytes) === '') return new TextDecoder().decode(data);
  const at = { seq: Number(header.get(letterHeaders.seq)) };
  const original = await fetchMessage(nats, header.get(letterHeaders.stream), at);
  // A recreated stream may hold another message, about another person, in its place.
  if (original === undefined || !isOf(header, { subject: original.subject, storedAt: original.time })) return undefined;
  return new TextDecoder().decode(original.data);
}

function text(headers: MsgHdrs, name: string): string | undefined {
  const value = headers.get(name);
  return value === '' ? undefined : value;
}

/** A mark by another program may encode the name differently. */
function readName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Shows a payload that is no JSON as it is: that may be why it is here. */
function readJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}

function matches(message: StoredMsg, filter: DeadLetterFilter): boolean {
  const { header, time } = message;
  return (
    (filter.subject === undefined || header.get(letterHeaders.subject) === filter.subject) &&
    (filter.reason === undefined || header.get(letterHeaders.reason).startsWith(filter.reason)) &&
    (filter.since === undefined || time >= filter.since)
  );
}
