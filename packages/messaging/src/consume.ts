import { fromHeaders, type Envelope } from '@leadline/contracts/envelope';
import type { EventContract, PayloadOf } from '@leadline/contracts/event';
import { toOutsideInstant } from '@leadline/contracts/outside-time';
import type { JsMsg } from 'nats';
import type { z } from 'zod';
import type { Nats } from './connect.ts';
import { putAside, redriveFor } from './dead-letters.ts';
import { blameFor } from './blame.ts';
import { decideSettlement, retryDelayMs } from './decide-settlement.ts';
import { describeError } from './describe-error.ts';
import type { Log } from './log.ts';
import type { MessagingMetrics } from './messaging-metrics.ts';
import { done, later, reject, type Outcome } from './outcome.ts';
import { authorshipOf } from './own-event.ts';
import { pull, type Consumer, type Pulling } from './pull.ts';
import { sparingly } from './sparingly.ts';
import { inSpan, type SpanOptions } from './span.ts';
import { durables, type EventDurable } from './topology.ts';

/** An event as a handler gets it. It may come twice, late, or out of order. */
export type Received<T> = {
  id: string;
  /** When it happened, as its publisher says; an agent's report without a time that can be read, when it was stored. */
  time: Date;
  /** An agent's report that says a time, and none that can be read. */
  timeUnreadable: boolean;
  type: string;
  /** What it is about: `lead/42`, `call/7`, or a room. */
  subject: string;
  data: T;
  /** 1 for the first delivery. */
  deliveries: number;
  /** A person sent it back for this durable. */
  redriven: boolean;
  /** Keeps the message ours while a long handler truly works. */
  working(): void;
};

export type Handler = { type: string; schema: z.ZodType; run: (received: Received<unknown>) => Promise<Outcome> };

/** Binds a handler to its contract; the payload it gets has been through the schema. */
export function on<Schema extends z.ZodType>(
  contract: EventContract<Schema>,
  run: (event: Received<PayloadOf<EventContract<Schema>>>) => Promise<Outcome>,
): Handler {
  const { type, schema } = contract;
  return { type, schema, run: (received) => run({ ...received, data: schema.parse(received.data) }) };
}

/**
 * Consumes a durable: parse, handle, settle. What can't be read is a dead letter at once; what throws is tried again,
 * and counts against the message only when nothing else was to blame.
 *
 * Those faults are counted in this process. JetStream's own count says nothing here, for an hour without Postgres raises
 * it too; and a restart that forgets them only lets a poison message be tried a few times more.
 */
export function consume(options: {
  nats: Nats;
  durable: EventDurable;
  handlers: readonly Handler[];
  concurrency: number;
  /** Says whether the database and whatever far system the handlers need are up. */
  ready?: Pulling['ready'];
  metrics?: MessagingMetrics;
  log: Log;
  random?: () => number;
  expiresMs?: number;
  lookEachMs?: number;
}): Consumer {
  const { nats, durable, log, metrics, random = Math.random } = options;
  const faults = new Map<number, number>();
  const isOwned = durables[durable].stream !== 'AGENT';
  const tellForeign = sparingly();
  /** Who may publish beside the owner can put anything here; handlers look at the row, and a person has to know. */
  const noteForeign = (message: JsMsg): void => {
    if (!isOwned || message.info.deliveryCount > 1) return;
    if (authorshipOf(message.subject, (name) => header(message, name)) !== 'foreign') return;
    metrics?.foreign.inc({ durable });
    const fields = { durable, type: message.subject, seq: message.seq };
    tellForeign(() => log.warn(fields, 'a message is no event of the service whose subject it is in'));
  };

  const handle = async (message: JsMsg): Promise<'go_on' | 'look'> => {
    noteForeign(message);
    const handled = metrics?.handleSeconds.startTimer({ durable });
    const outcome = await receive(message, options.handlers, durable, log);
    handled?.();
    const deliveries = message.info.deliveryCount;
    const ownFault = outcome.kind === 'later' && outcome.blame === 'message';
    const count = (faults.get(message.seq) ?? 0) + (ownFault ? 1 : 0);
    const decision = decideSettlement(outcome, count, deliveries, random());
    const fields = { durable, type: message.subject, seq: message.seq, deliveries };
    switch (decision.kind) {
      case 'ack':
        faults.delete(message.seq);
        message.ack();
        metrics?.settled.inc({ durable, outcome: 'ack' });
        return 'go_on';
      case 'retry':
        if (ownFault) remember(faults, message.seq, count);
        message.nak(decision.delayMs);
        metrics?.settled.inc({ durable, outcome: 'retry' });
        return ownFault ? 'go_on' : 'look';
      case 'dead_letter':
        if (await putAside(nats, durable, message, decision.because)) {
          faults.delete(message.seq);
          metrics?.settled.inc({ durable, outcome: 'dead_letter' });
          log.error({ ...fields, because: decision.because }, 'a message is set aside as a dead letter');
        } else {
          log.error({ ...fields, because: decision.because }, 'a dead letter was not stored; its message comes again');
          message.nak(retryDelayMs(deliveries, random()));
        }
        return 'go_on';
    }
  };

  return pull({
    ...options,
    async handle(message) {
      try {
        return await inSpan(`process ${message.subject}`, spanOptions(durable, message), () => handle(message));
      } catch (error) {
        // The connection is closed, so it can't be settled: it comes again.
        log.warn({ durable, because: describeError(error) }, 'a message could not be settled');
        return 'go_on';
      }
    },
  });
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOptions(durable: string, message: JsMsg): SpanOptions {
  const id = header(message, 'Nats-Msg-Id');
  return {
    kind: 'consumer',
    traceparent: header(message, 'traceparent'),
    attributes: {
      'messaging.system': 'nats',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
      'messaging.destination.name': message.subject,
      'messaging.consumer.group.name': durable,
      // One of our outboxes; another publisher's may be anything.
      ...(id !== undefined && uuid.test(id) ? { 'messaging.message.id': id } : {}),
    },
  };
}

async function receive(message: JsMsg, handlers: readonly Handler[], durable: string, log: Log): Promise<Outcome> {
  const type = message.subject;
  const redrivenFor = header(message, redriveFor);
  // A redrive is for the one durable that had given up; the others have done their part.
  if (redrivenFor !== undefined && redrivenFor !== durable) return done;
  const handler = handlers.find((one) => one.type === type);
  if (handler === undefined) return reject('unknown_type');
  let envelope: Envelope;
  let data: unknown;
  try {
    envelope = fromHeaders(
      (name) => (isUnreadableTime(message, name) ? undefined : header(message, name)) ?? assumed(message, name),
    );
  } catch {
    return reject('bad_envelope');
  }
  // Whoever may pull may have messages put under a foreign subject: the subject alone proves nothing.
  if (envelope.type !== type) return reject('type_is_not_subject');
  try {
    data = message.json();
  } catch {
    return reject('not_json');
  }
  const parsed = handler.schema.safeParse(data);
  if (!parsed.success) return reject(faultsOf(parsed.error));
  try {
    return await handler.run({
      id: envelope.id,
      time: envelope.time,
      timeUnreadable: isUnreadableTime(message, 'ce-time'),
      type,
      subject: envelope.subject,
      data: parsed.data,
      deliveries: message.info.deliveryCount,
      redriven: redrivenFor !== undefined,
      working: () => message.working(),
    });
  } catch (error) {
    const blame = blameFor(error);
    const fields = { err: error, durable, type, id: envelope.id };
    if (blame === 'message') log.error(fields, 'a message could not be handled');
    else log.warn(fields, 'a message waits for what it needs');
    return later(describeError(error), blame);
  }
}

function header(message: JsMsg, name: string): string | undefined {
  const value = message.headers?.get(name);
  return value === '' ? undefined : value;
}

/** Agents are other people's programs: a time of theirs that is none must not cost what they report. */
function isUnreadableTime(message: JsMsg, name: string): boolean {
  const value = name === 'ce-time' && message.subject.startsWith('agent.') ? header(message, name) : undefined;
  return value !== undefined && toOutsideInstant(value) === null;
}

/** An agent of another make may send less than the whole envelope. */
function assumed(message: JsMsg, name: string): string | undefined {
  switch (name) {
    case 'ce-id':
      return header(message, 'Nats-Msg-Id') ?? `${message.info.stream}:${message.seq}`;
    case 'ce-type':
    case 'ce-subject':
      return message.subject;
    case 'ce-source':
      return 'unknown';
    case 'ce-time':
      return new Date(message.info.timestampNanos / 1e6).toISOString();
    default:
      return undefined;
  }
}

/** Where a payload is wrong: keys of ours and kinds of fault, never what stands there, for that may be personal. */
function faultsOf(error: z.ZodError): string {
  const faults = error.issues.map(({ path, code }) => `${String(path[0] ?? 'payload')} ${code}`);
  return `malformed: ${[...new Set(faults)].join(', ')}`;
}

const mostRemembered = 10_000;

function remember(faults: Map<number, number>, seq: number, count: number): void {
  faults.delete(seq);
  faults.set(seq, count);
  const oldest = faults.keys().next();
  if (faults.size > mostRemembered && oldest.done !== true) faults.delete(oldest.value);
}
