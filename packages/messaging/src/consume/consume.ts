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

/** An event in the form that handlers get. It may come twice, late or out of order. */
export type Received<T> = {
  id: string;
  /** When it happened, by its publisher; for an agent's report without a readable time, when it was stored. */
  time: Date;
  /** Whether an agent's report has a time that nobody can read. */
  timeUnreadable: boolean;
  type: string;
  /** The lead, call or room: `lead/42`, `call/7`, or a room's name. */
  subject: string;
  data: T;
  /** 1 for the first delivery. */
  deliveries: number;
  /** A person sent it back for this durable. */
  redriven: boolean;
  /** Extends the message's deadline while a long handler is really working. */
  working(): void;
};

export type Handler = { type: string; schema: z.ZodType; run: (received: Received<unknown>) => Promise<Outcome> };

/** Binds a handler to its contract; it gets payloads that fit the schema. */
export function on<Schema extends z.ZodType>(
  contract: EventContract<Schema>,
  run: (event: Received<PayloadOf<EventContract<Schema>>>) => Promise<Outcome>,
): Handler {
  const { type, schema } = contract;
  return { type, schema, run: (received) => run({ ...received, data: schema.parse(received.data) }) };
}

/** A consumer of events, which can also handle a message that JetStream gave up. */
export type Consuming = Consumer & {
  durable: EventDurable;
  /**
   * Handles the message as if it had just come.
   * @returns undefined when the service stops meanwhile
   */
  again(delivery: Delivery, hands: Hands): Promise<SettlementDecision | undefined>;
};

/** If nothing seems to be down, something may be busy: after this many tries, we hand the message back for longer. */
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
  /** Whether the database and the handlers' far systems are up. */
  ready?: Pulling['ready'];
  metrics?: MessagingMetrics;
  log: Log;
  random?: () => number;
  expiresMs?: number;
  lookEachMs?: number;
}): Consuming {
  const { nats, durable, log, metrics, random = Math.random, lookEachMs = 1_000 } = options;
  /** By message and not by place, because a recreated stream has other messages in the same places. */
  const faults = new Map<string, number>();
  const isOwned = durables[durable].stream !== 'AGENT';
  const tellForeign = sparingly();
  /** Others who may publish here can send anything. Handlers trust only rows, but a person should know about it. */
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
  /** Resolves once there is a decision on the message; undefined if the service stops before. */
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
        // The connection is closed, so we can't settle the message: it comes again.
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
      // The source is one of our outboxes; another publisher's could be anything.
      ...(id !== undefined && uuid.test(id) ? { 'messaging.message.id': id } : {}),
    },
  };
}

async function receive(message: Delivery, handlers: readonly Handler[], durable: string, log: Log): Promise<Outcome> {
  const type = message.subject;
  const redrivenFor = header(message, redriveFor);
  // A redrive is for the one durable that gave the message up; the others did their part long ago.
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
  // A client that may pull can have messages delivered under a foreign subject, so the subject alone proves nothing.
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

/** Agents are other people's programs: a bad time must not cost the rest of their report. */
function isUnreadableTime(message: Delivery, name: string): boolean {
  const value = name === 'ce-time' && message.subject.startsWith('agent.') ? header(message, name) : undefined;
  return value !== undefined && toOutsideInstant(value) === null;
}

/** Other agents may send an incomplete envelope. */
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

/**
 * Describes what is wrong with a payload by our keys and the kinds of fault, never by its values, which may be
 * personal.
 */
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
