import { fromHeaders, type Envelope } from '@leadline/contracts/envelope';
import type { EventContract, PayloadOf } from '@leadline/contracts/event';
import { toOutsideInstant } from '@leadline/contracts/outside-time';
import type { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { putAside, redriveFor } from '../dead-letters/dead-letters.ts';
import { blameFor } from './blame.ts';
import { decideSettlement, retryDelayMs, type SettlementDecision } from './decide-settlement.ts';
import { toDelivery, type Delivery } from './delivery.ts';
import { describeError } from '../connection/describe-error.ts';
import type { Log } from '../connection/log.ts';
import type { MessagingMetrics } from './messaging-metrics.ts';
import { done, later, reject, type Outcome } from './outcome.ts';
import { authorshipOf } from './own-event.ts';
import { pull, type Consumer, type Hands, type Pulling } from './pull.ts';
import { sparingly } from '../connection/sparingly.ts';
import { inSpan, type SpanOptions } from '@leadline/tracing/span';
import { durables, type EventDurable } from '../topology/topology.ts';

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

/** A consumer of events, and its way with one that JetStream gave up. */
export type Consuming = Consumer & {
  durable: EventDurable;
  /** Handles it as if it had just come. @returns undefined when it is to stop meanwhile */
  again(delivery: Delivery, hands: Hands): Promise<SettlementDecision | undefined>;
};

/** While nothing is seen to be down, something is busy: after so many tries it is handed back, for a longer while. */
const maxTriesInHand = 5;
const longestHoldMs = 30_000;

/**
 * Consumes a durable: parse, handle, settle. What can't be read is a dead letter at once; what throws is tried again,
 * and counts against the message only when nothing else was to blame.
 *
 * Those faults are counted in this process; a restart that forgets them only lets a poison message be tried a few times
 * more. JetStream's own count says nothing here, and it must not be used up by what is nobody's fault: while something else
 * is to blame a message is kept in hand, not handed back, for as long as that lasts.
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
}): Consuming {
  const { nats, durable, log, metrics, random = Math.random, lookEachMs = 1_000 } = options;
  /** By message: in a stream that is made anew another stands in the same place. */
  const faults = new Map<string, number>();
  const isOwned = durables[durable].stream !== 'AGENT';
  const tellForeign = sparingly();
  /** Who may publish beside the owner can put anything here; handlers look at the row, and a person has to know. */
  const noteForeign = (delivery: Delivery): void => {
    if (!isOwned || delivery.deliveries > 1) return;
    if (authorshipOf(delivery.subject, (name) => header(delivery, name)) !== 'foreign') return;
    metrics?.foreign.inc({ durable });
    const fields = { durable, type: delivery.subject, seq: delivery.seq };
    tellForeign(() => log.warn(fields, 'a message is no event of the service whose subject it is in'));
  };

  const handleOnce = async (delivery: Delivery): Promise<Outcome> => {
    const handled = metrics?.handleSeconds.startTimer({ durable });
    const outcome = await inSpan(`process ${delivery.subject}`, spanOptions(durable, delivery), () =>
      receive(delivery, options.handlers, durable, log),
    );
    handled?.();
    return outcome;
  };
  /** Until something is to be settled; undefined: it is to stop meanwhile. */
  const handleThrough = async (delivery: Delivery, hands: Hands): Promise<Outcome | undefined> => {
    for (let tries = 1; ;) {
      const outcome = await handleOnce(delivery);
      if (outcome.kind !== 'later' || outcome.blame === 'message') return outcome;
      hands.look();
      if (await hands.isReady()) {
        if (tries >= maxTriesInHand) return outcome;
        const ms = outcome.delayMs ?? Math.min(longestHoldMs, retryDelayMs(tries, random()));
        if (!(await hands.hold(delivery, ms))) return undefined;
        tries++;
      }
      while (!(await hands.isReady())) {
        tries = 1;
        if (!(await hands.hold(delivery, lookEachMs))) return undefined;
      }
    }
  };
  const decide = async (delivery: Delivery, hands: Hands): Promise<SettlementDecision | undefined> => {
    const outcome = await handleThrough(delivery, hands);
    if (outcome === undefined) return undefined;
    const ownFault = outcome.kind === 'later' && outcome.blame === 'message';
    const key = toKey(delivery);
    const count = (faults.get(key) ?? 0) + (ownFault ? 1 : 0);
    const decision = decideSettlement(outcome, count, delivery.deliveries, random());
    if (decision.kind === 'ack') faults.delete(key);
    else if (ownFault) remember(faults, key, count);
    return decision;
  };

  const consumer = pull({
    ...options,
    async handle(message, hands) {
      const delivery = toDelivery(message);
      try {
        noteForeign(delivery);
        const decision = await decide(delivery, hands);
        switch (decision?.kind) {
          case undefined:
            message.nak();
            return;
          case 'ack':
            message.ack();
            metrics?.settled.inc({ durable, outcome: 'ack' });
            return;
          case 'retry':
            message.nak(decision.delayMs);
            metrics?.settled.inc({ durable, outcome: 'retry' });
            return;
          case 'dead_letter': {
            const { because } = decision;
            const fields = {
              durable,
              type: message.subject,
              seq: message.seq,
              deliveries: delivery.deliveries,
              because,
            };
            if (await putAside(nats, durable, message, because)) {
              faults.delete(toKey(delivery));
              metrics?.settled.inc({ durable, outcome: 'dead_letter' });
              log.error(fields, 'a message is set aside as a dead letter');
            } else {
              log.error(fields, 'a dead letter was not stored; its message comes again');
              message.nak(retryDelayMs(delivery.deliveries, random()));
            }
          }
        }
      } catch (error) {
        // The connection is closed, so it can't be settled: it comes again.
        log.warn({ durable, because: describeError(error) }, 'a message could not be settled');
      }
    },
  });
  return { ...consumer, durable, again: decide };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOptions(durable: string, message: Delivery): SpanOptions {
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

async function receive(message: Delivery, handlers: readonly Handler[], durable: string, log: Log): Promise<Outcome> {
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
    data = JSON.parse(new TextDecoder().decode(message.data));
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
      deliveries: message.deliveries,
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

function header(message: Delivery, name: string): string | undefined {
  const value = message.headers?.get(name);
  return value === '' ? undefined : value;
}

/** Agents are other people's programs: a time of theirs that is none must not cost what they report. */
function isUnreadableTime(message: Delivery, name: string): boolean {
  const value = name === 'ce-time' && message.subject.startsWith('agent.') ? header(message, name) : undefined;
  return value !== undefined && toOutsideInstant(value) === null;
}

/** An agent of another make may send less than the whole envelope. */
function assumed(message: Delivery, name: string): string | undefined {
  switch (name) {
    case 'ce-id':
      return header(message, 'Nats-Msg-Id') ?? `${message.stream}:${message.seq}`;
    case 'ce-type':
    case 'ce-subject':
      return message.subject;
    case 'ce-source':
      return 'unknown';
    case 'ce-time':
      return message.storedAt.toISOString();
    default:
      return undefined;
  }
}

/** Where a payload is wrong: keys of ours and kinds of fault, never what stands there, for that may be personal. */
function faultsOf(error: z.ZodError): string {
  const faults = error.issues.map(({ path, code }) => `${String(path[0] ?? 'payload')} ${code}`);
  return `malformed: ${[...new Set(faults)].join(', ')}`;
}

const maxRemembered = 10_000;

function toKey({ seq, storedAt }: Delivery): string {
  return `${seq} ${storedAt.getTime()}`;
}

function remember(faults: Map<string, number>, key: string, count: number): void {
  faults.delete(key);
  faults.set(key, count);
  const oldest = faults.keys().next();
  if (faults.size > maxRemembered && oldest.done !== true) faults.delete(oldest.value);
}
