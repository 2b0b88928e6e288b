import {
  AckPolicy,
  DiscardPolicy,
  NatsError,
  nanos,
  type ConsumerInfo,
  type JetStreamManager,
  type StreamInfo,
} from 'nats';
import type { Nats } from '../connection/connect.ts';
import { duplicateWindowMs, durables, maxOfEach, streams, type DurableName, type StreamName } from './topology.ts';

export type StreamState = {
  name: StreamName;
  /** Undefined if it is missing. */
  found: { messages: number; bytes: number; first: number; last: number; replicas: number } | undefined;
  /** Settings that differ from the definition. */
  differences: string[];
};

export type DurableState = {
  name: DurableName;
  stream: StreamName;
  service: string;
  found:
    | {
        /** Messages not delivered yet. */
        waiting: number;
        /** Messages delivered but not settled. */
        inHand: number;
        redelivered: number;
        /** When a message was last settled. */
        lastSettled: LastSettled;
        /** Somebody paused it: it delivers nothing until then. */
        pausedUntil: Date | undefined;
        /** Replicas that ask for messages right now. */
        asking: number;
      }
    | undefined;
  differences: string[];
};

/** `before_start`: nats-server knows that a message was settled, but forgot when: a restart loses that. */
export type LastSettled = Date | 'never' | 'before_start';

/** All streams of Leadline, compared with their definition. */
export async function readStreams(nats: Nats): Promise<StreamState[]> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  return Promise.all(
    names(streams).map(async (name) => {
      const info = await orMissing(manager.streams.info(name));
      return {
        name,
        found: info && {
          messages: info.state.messages,
          bytes: info.state.bytes,
          first: info.state.first_seq,
          last: info.state.last_seq,
          replicas: info.config.num_replicas,
        },
        differences: info === undefined ? [] : compareStream(name, info),
      };
    }),
  );
}

/** All durables of Leadline, compared with their definition. */
export async function readDurables(nats: Nats): Promise<DurableState[]> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  return Promise.all(names(durables).map((name) => readDurable(manager, name)));
}

async function readDurable(manager: JetStreamManager, name: DurableName): Promise<DurableState> {
  const { stream, service } = durables[name];
  const info = await orMissing(manager.consumers.info(stream, name));
  return {
    name,
    stream,
    service,
    found: info && {
      waiting: info.num_pending,
      inHand: info.num_ack_pending,
      redelivered: info.num_redelivered,
      lastSettled: lastSettled(info),
      pausedUntil: pausedUntil(info),
      asking: info.num_waiting,
    },
    differences: info === undefined ? [] : compareDurable(name, info),
  };
}

function lastSettled({ ack_floor }: ConsumerInfo): LastSettled {
  const told: { last_active?: unknown } = ack_floor;
  if (typeof told.last_active === 'string') return new Date(told.last_active);
  return ack_floor.consumer_seq === 0 ? 'never' : 'before_start';
}

/** Servers before 2.11 can't pause, and do not report it. */
export function pausedUntil({ paused, config }: ConsumerInfo): Date | undefined {
  if (paused !== true || config.pause_until === undefined) return undefined;
  return new Date(config.pause_until);
}

function compareStream(name: StreamName, { config }: StreamInfo): string[] {
  const wanted = streams[name];
  return [
    ...differ('subjects', toList(config.subjects), toList(wanted.subjects)),
    ...differ('max_age', config.max_age, nanos(wanted.maxAgeMs)),
    ...differ('max_bytes', config.max_bytes, wanted.maxBytes),
    ...differ('max_msgs_per_subject', config.max_msgs_per_subject, maxOfEach(wanted)),
    ...differ('discard', config.discard, wanted.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old),
    ...differ('duplicate_window', config.duplicate_window, nanos(duplicateWindowMs)),
    ...differ('max_msg_size', config.max_msg_size, wanted.maxMessageBytes),
  ];
}

function compareDurable(name: DurableName, { config }: ConsumerInfo): string[] {
  const wanted = durables[name];
  const { filter_subjects: several = [], filter_subject: single = '' } = config;
  const filters = several.length > 0 || single === '' ? several : [single];
  return [
    ...differ('filters', toList(filters), toList(wanted.filters)),
    ...differ('ack_wait', config.ack_wait, nanos(wanted.ackWaitMs)),
    ...differ('max_ack_pending', config.max_ack_pending, wanted.maxAckPending),
    ...differ('backoff', config.backoff?.join(' ') || undefined, undefined),
    ...differ('inactive_threshold', config.inactive_threshold || undefined, undefined),
    // An update can't change this setting: delete the durable before you run the set-up.
    ...differ('ack_policy', config.ack_policy, AckPolicy.Explicit),
  ];
}

function toList(subjects: readonly string[]): string {
  return [...subjects].toSorted((a, b) => (a < b ? -1 : 1)).join(' ');
}

function differ(what: string, is: string | number | undefined, wanted: string | number | undefined): string[] {
  return is === wanted ? [] : [`${what} is ${is ?? 'not set'}, not ${wanted ?? 'empty'}`];
}

async function orMissing<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
    throw error;
  }
}

function names<K extends string>(all: Record<K, unknown>): K[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the keys' type
  return Object.keys(all) as K[];
}
