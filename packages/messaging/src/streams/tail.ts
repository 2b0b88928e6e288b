import { setTimeout as wait } from 'node:timers/promises';
import type { Consumer, JsMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';
import type { StreamName } from '../topology/topology.ts';

export type Tailed = {
  stream: StreamName;
  seq: number;
  subject: string;
  /** When the stream stored it. */
  at: Date;
  payload: unknown;
  /** The payload as it came, even broken JSON. */
  text: string;
  header(name: string): string | undefined;
};

export type TailStart = {
  since?: Date;
  after?: number;
  /** Only these subjects; each must lie within the stream's own. */
  subjects?: readonly string[];
};

/** The messages in one pull: enough to keep the connection busy, few enough for memory. */
const maxAtOnce = 500;

/**
 * Delivers a stream's messages in order, each once, from a time, after a message or from the beginning, and then new
 * ones, across lost connections. It acknowledges nothing, so it takes nothing from anybody.
 */
export function tail(
  nats: Nats,
  stream: StreamName,
  from: TailStart,
  seen: (message: Tailed) => void,
): { stop(): Promise<void> } {
  const stop = new AbortController();
  const isStopping = (): boolean => stop.signal.aborted;
  let last = from.after;
  let endReading = (): void => undefined;

  const read = async (): Promise<void> => {
    const consumer = await openReader(nats, stream, from, last);
    const messages = await consumer.consume({ max_messages: maxAtOnce });
    endReading = () => void messages.close();
    if (isStopping()) endReading();
    for await (const message of messages) {
      if (isStopping()) continue;
      last = message.seq;
      seen(toTailed(stream, message));
    }
  };
  const follow = async (): Promise<void> => {
    while (!isStopping()) {
      try {
        await read();
      } catch (error) {
        nats.log.warn({ stream, because: describeError(error) }, 'a tail begins anew');
      }
      await wait(500, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const following = follow();
  return {
    async stop() {
      stop.abort();
      endReading();
      await Promise.race([following, nats.closed]);
    },
  };
}

/**
 * A stream's messages up to and including `upTo`, in order, each once; then it ends. It continues after a lost
 * connection, and reads no faster than its caller.
 */
export async function* readStored(
  nats: Nats,
  stream: StreamName,
  from: TailStart,
  upTo: number,
): AsyncGenerator<Tailed> {
  let last = from.after;
  while ((last ?? 0) < upTo) {
    const consumer = await openReader(nats, stream, from, last);
    if ((await consumer.info()).num_pending === 0) return;
    const messages = await consumer.consume({ max_messages: maxAtOnce });
    let isMissing = false;
    // Somebody may have erased the remaining messages meanwhile.
    const looking = setInterval(() => {
      consumer
        .info()
        .then(({ num_pending }) => {
          if (num_pending > 0 || messages.getPending() > 0) return;
          isMissing = true;
          messages.stop();
        })
        .catch(() => undefined);
    }, 2_000);
    try {
      for await (const message of messages) {
        if (message.seq > upTo) return;
        last = message.seq;
        const isLast = message.seq === upTo || message.info.pending === 0;
        yield toTailed(stream, message);
        if (isLast) return;
      }
    } finally {
      clearInterval(looking);
      messages.stop();
    }
    if (isMissing) return;
    if (nats.connection.isClosed()) throw new Error('the connection to NATS is closed');
  }
}

/** The first and last place in a stream; `last` is 0 if it never held a message. */
export async function readEnds(nats: Nats, stream: StreamName): Promise<{ first: number; last: number }> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const { state } = await manager.streams.info(stream);
  return { first: state.first_seq, last: state.last_seq };
}

async function openReader(
  nats: Nats,
  stream: StreamName,
  { since, subjects }: TailStart,
  last: number | undefined,
): Promise<Consumer> {
  return nats.connection.jetstream().consumers.get(stream, {
    // Without a deliver policy: the client derives it from these, and the server would refuse a second one.
    ...(last === undefined && since !== undefined
      ? { opt_start_time: since.toISOString() }
      : { opt_start_seq: (last ?? 0) + 1 }),
    ...(subjects === undefined ? {} : { filterSubjects: toFilter(subjects) }),
  });
}

/** The client sends several subjects in another field than a single one. */
function toFilter(subjects: readonly string[]): string | string[] {
  const [only, ...others] = subjects;
  return only !== undefined && others.length === 0 ? only : [...subjects];
}

function toTailed(stream: StreamName, message: JsMsg): Tailed {
  const text = message.string();
  return {
    stream,
    seq: message.seq,
    subject: message.subject,
    at: new Date(message.info.timestampNanos / 1e6),
    payload: readJson(text),
    text,
    header: (name) => message.headers?.get(name) || undefined,
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
