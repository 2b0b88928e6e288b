import { ConsumerEvents, type ConsumerMessages, type JsMsg } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import type { Nats } from './connect.ts';
import { describeError } from './describe-error.ts';
import type { Log } from './log.ts';
import { durables, type DurableName } from './topology.ts';

export type Consumer = {
  /** Hands back what was not begun, lets handlers finish (at most 15 s), resolves then. */
  stop(): Promise<void>;
  /** Rejects when no message will ever come again: the process must end then, for a supervisor to start it anew. Resolves after stop. */
  done: Promise<void>;
};

export type Pulling = {
  nats: Nats;
  durable: DurableName;
  /** Messages handled at once. */
  concurrency: number;
  /** Settles the message itself and never throws. Answers `look` when what it needs may be down. */
  handle: (message: JsMsg) => Promise<'go_on' | 'look'>;
  /** While it says no, nothing is pulled. Asked each second and when a handler says so. */
  ready?: (() => boolean | Promise<boolean>) | undefined;
  log: Log;
  /** Shorter in tests. */
  expiresMs?: number | undefined;
  /** Shorter in tests. */
  lookEachMs?: number | undefined;
};

/** What is to be stopped after it must fit into the same stop: the whole of it may take 25 s. */
const stopWithinMs = 15_000;

/**
 * One durable's loop; handlers run side by side, in no order.
 *
 * The iterator form is used, for the callback form knows no back-pressure. Still its `max_messages` bounds nothing: while
 * the loop waits for a free handler each missed heartbeat queues one more pull. What bounds it is the durable's
 * max_ack_pending. The loop is never left by `break`, for `close()` would then not resolve: it runs to its end and hands
 * back what it meets.
 */
export function pull(pulling: Pulling): Consumer {
  const { nats, durable, concurrency, log, expiresMs = 10_000, lookEachMs = 1_000 } = pulling;
  const stop = new AbortController();
  const isStopping = (): boolean => stop.signal.aborted;
  const ended = Promise.withResolvers<void>();
  // It may fail before its caller has got as far as watching it.
  ended.promise.catch(() => undefined);
  const running = new Set<Promise<void>>();
  let current: { messages: ConsumerMessages; pause(): void; look(): void } | undefined;
  /** Lets the loop go on: a handler is free, or waiting for one makes no sense any more. */
  let wake: () => void = () => undefined;

  const halt = (): void => {
    stop.abort();
    current?.pause();
    wake();
  };
  const fail = (error: unknown): void => {
    ended.reject(error);
    halt();
  };

  const isReady = async (): Promise<boolean> => {
    try {
      return (await pulling.ready?.()) ?? true;
    } catch {
      return false;
    }
  };

  const handle = async (message: JsMsg): Promise<void> => {
    if ((await pulling.handle(message)) === 'look') current?.look();
  };
  const begin = (message: JsMsg): void => {
    const handling = handle(message).finally(() => {
      running.delete(handling);
      wake();
    });
    running.add(handling);
  };

  const read = async (messages: ConsumerMessages): Promise<void> => {
    let pulls = true;
    const pause = (): void => {
      pulls = false;
      wake();
      void messages.close();
    };
    const look = (): void => {
      void isReady().then((ready) => (ready ? undefined : pause()));
    };
    current = { messages, pause, look };
    if (isStopping()) pause();
    const timer = setInterval(look, lookEachMs);
    const watching = watch(messages);
    for await (const message of messages) {
      while (pulls && running.size >= concurrency)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (pulls) begin(message);
      // At a stop another replica takes it at once; in a pause it is better off waiting.
      else message.nak(isStopping() ? 0 : lookEachMs);
    }
    clearInterval(timer);
    current = undefined;
    await watching;
  };

  /** A consumer whose durable is gone neither ends nor throws by itself. */
  const watch = async (messages: ConsumerMessages): Promise<void> => {
    for await (const { type, data } of await messages.status()) {
      if (type === ConsumerEvents.ConsumerDeleted) fail(new Error(`the durable ${durable} was deleted`));
      else if (type === ConsumerEvents.ConsumerNotFound || type === ConsumerEvents.StreamNotFound) {
        // Once may be a server that is still coming up.
        if (Number(data) >= 2) fail(new Error(`the durable ${durable} is gone`));
      } else if (type === ConsumerEvents.HeartbeatsMissed) log.warn({ durable, missed: data }, 'heartbeats are missed');
      else if (type === ConsumerEvents.NoResponders) log.warn({ durable }, 'JetStream does not respond');
    }
  };

  /** The provisioner may not have been here yet: a missing durable is waited for, and said so. */
  const open = async (): Promise<ConsumerMessages | undefined> => {
    for (let attempt = 0; !isStopping(); attempt++) {
      try {
        const consumer = await nats.connection.jetstream().consumers.get(durables[durable].stream, durable);
        return await consumer.consume({ max_messages: concurrency, expires: expiresMs });
      } catch (error) {
        if (nats.connection.isClosed()) throw error;
        if (attempt % 20 === 0) log.warn({ durable, because: describeError(error) }, 'a durable is not there yet');
        await pauseFor(500);
      }
    }
    return undefined;
  };
  const pauseFor = (ms: number): Promise<void> => wait(ms, undefined, { signal: stop.signal }).catch(() => undefined);

  const loop = async (): Promise<void> => {
    while (!isStopping()) {
      if (!(await isReady())) {
        await pauseFor(lookEachMs);
        continue;
      }
      const messages = await open();
      if (messages !== undefined) await read(messages);
    }
  };
  const looping = loop().catch(fail);
  // Nor does one whose connection is closed for good.
  const closed = nats.closed.then((cause) => {
    if (!isStopping()) fail(new Error(`the NATS connection closed under ${durable}`, { cause }));
    return undefined;
  });

  return {
    done: ended.promise,
    async stop() {
      halt();
      const late = new AbortController();
      const finished = Promise.race([looping, closed]).then(() => Promise.all(running));
      await Promise.race([finished, wait(stopWithinMs, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
      ended.resolve();
    },
  };
}
