import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';
import { ConsumerEvents, millis, type ConsumerMessages, type JsMsg } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';
import type { Log } from '../connection/log.ts';
import { durables, type DurableName } from '../topology/topology.ts';

/** `stop` hands back messages that nobody began or that are held, waits for handlers (at most 15 s), then resolves. */
export type Consumer = Part & {
  /**
   * Rejects when no message can come any more: the process must end, so that a supervisor restarts it. Resolves after
   * `stop`.
   */
  done: Promise<void>;
};

/** What a handler may ask of the loop that gave it the message. */
export type Hands = {
  /** Something that it needs may be down: check now, and pull nothing until it is back. */
  look(): void;
  /** Whether the things that handlers need are there. */
  isReady(): Promise<boolean>;
  /**
   * Holds the message, so that it stays ours and is not delivered again.
   * @returns false once the loop should stop
   */
  hold(message: { working(): void }, ms: number): Promise<boolean>;
};

export type Pulling = {
  nats: Nats;
  durable: DurableName;
  /** How many messages are handled at once. */
  concurrency: number;
  /** Settles the message itself and never throws. */
  handle: (message: JsMsg, hands: Hands) => Promise<void>;
  /**
   * While this says no, nothing is pulled. Asked each second. `fresh` is true after a handler's fault and while the
   * answer is no: then an answer from a few seconds ago is not good enough.
   */
  ready?: ((fresh: boolean) => boolean | Promise<boolean>) | undefined;
  log: Log;
  /** Shorter in tests. */
  expiresMs?: number | undefined;
  /** Shorter in tests. */
  lookEachMs?: number | undefined;
};

/** Later parts of the stop must fit too: all of it may take 25 s. */
const stopWithinMs = 15_000;

/**
 * One durable's loop; handlers run side by side, in no order.
 *
 * The iterator form is used, for the callback form knows no back-pressure. Still its `max_messages` bounds nothing: while
 * the loop waits for a free handler each missed heartbeat queues one more pull. What bounds it is the durable's
 * max_ack_pending. The loop is never left by `break`, for `close()` would then not resolve: it runs to its end and keeps
 * what it meets.
 *
 * JetStream counts deliveries, whoever is to blame for them, and gives a message up after so many. So in a pause nothing is
 * handed back: what was pulled and not begun waits here, kept by `working`, and is begun first when the pause is over.
 */
export function pull(pulling: Pulling): Consumer {
  const { nats, durable, concurrency, log, expiresMs = 10_000, lookEachMs = 1_000 } = pulling;
  const stop = new AbortController();
  const isStopping = (): boolean => stop.signal.aborted;
  const ended = Promise.withResolvers<void>();
  // It may fail before its caller watches it.
  ended.promise.catch(() => undefined);
  const running = new Set<Promise<void>>();
  /** Messages that were pulled and that nobody has begun. */
  const kept: JsMsg[] = [];
  let ackWaitMs: number = durables[durable].ackWaitMs;
  let current: { messages: ConsumerMessages; pause(): void; look(): void } | undefined;
  /** Lets the loop continue: a handler is free, or waiting for one makes no sense any more. */
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

  const isReady = async (fresh = true): Promise<boolean> => {
    try {
      return (await pulling.ready?.(fresh)) ?? true;
    } catch {
      return false;
    }
  };
  const pauseFor = (ms: number): Promise<void> => wait(ms, undefined, { signal: stop.signal }).catch(() => undefined);

  const keepOurs = (message: { working(): void }): void => {
    try {
      message.working();
    } catch {
      // The connection is closed for good, so no message is ours any more.
    }
  };
  const hold = async (message: { working(): void }, ms: number): Promise<boolean> => {
    const until = performance.now() + ms;
    for (let leftMs = ms; leftMs > 0 && !isStopping(); leftMs = until - performance.now()) {
      keepOurs(message);
      await pauseFor(Math.min(leftMs, ackWaitMs / 3));
    }
    if (!isStopping()) keepOurs(message);
    return !isStopping();
  };
  const hands: Hands = { look: () => current?.look(), isReady, hold };

  const begin = (message: JsMsg): void => {
    const handling = pulling.handle(message, hands).finally(() => {
      running.delete(handling);
      wake();
    });
    running.add(handling);
  };
  /** Returns when a handler is free, or when `isOver` says that nobody waits for one. */
  const untilFree = async (isOver: () => boolean): Promise<void> => {
    while (!isOver() && running.size >= concurrency)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };

  const read = async (messages: ConsumerMessages): Promise<void> => {
    let pulls = true;
    const pause = (): void => {
      pulls = false;
      wake();
      void messages.close();
    };
    const look = (fresh = true): void => {
      void isReady(fresh).then((ready) => (ready ? undefined : pause()));
    };
    current = { messages, pause, look };
    if (isStopping()) pause();
    const timer = setInterval(() => look(false), lookEachMs);
    const watching = watch(messages);
    for await (const message of messages) {
      await untilFree(() => !pulls);
      if (pulls) begin(message);
      else kept.push(message);
    }
    clearInterval(timer);
    current = undefined;
    await watching;
  };

  /** Watches the durable, because a consumer whose durable is gone neither ends nor throws. */
  const watch = async (messages: ConsumerMessages): Promise<void> => {
    for await (const { type, data } of await messages.status()) {
      if (type === ConsumerEvents.ConsumerDeleted) fail(new Error(`the durable ${durable} was deleted`));
      else if (type === ConsumerEvents.ConsumerNotFound || type === ConsumerEvents.StreamNotFound) {
        // A single one may come from a server that is still starting.
        if (Number(data) >= 2) fail(new Error(`the durable ${durable} is gone`));
      } else if (type === ConsumerEvents.HeartbeatsMissed) log.warn({ durable, missed: data }, 'heartbeats are missed');
      else if (type === ConsumerEvents.NoResponders) log.warn({ durable }, 'JetStream does not respond');
    }
  };

  /** Waits for a missing durable and says so: the set-up may not have run yet. */
  const open = async (): Promise<ConsumerMessages | undefined> => {
    for (let attempt = 0; !isStopping(); attempt++) {
      try {
        const consumer = await nats.connection.jetstream().consumers.get(durables[durable].stream, durable);
        ackWaitMs = millis((await consumer.info(true)).config.ack_wait ?? 0) || ackWaitMs;
        return await consumer.consume({ max_messages: concurrency, expires: expiresMs });
      } catch (error) {
        if (nats.connection.isClosed()) throw error;
        if (attempt % 20 === 0) log.warn({ durable, because: describeError(error) }, 'a durable is not there yet');
        await pauseFor(500);
      }
    }
    return undefined;
  };

  const beginKept = async (): Promise<void> => {
    while (kept.length > 0 && !isStopping()) {
      await untilFree(isStopping);
      const message = isStopping() ? undefined : kept.shift();
      if (message !== undefined) begin(message);
    }
  };
  const stayAwake = async (): Promise<void> => {
    while (!isStopping()) {
      for (const message of kept) keepOurs(message);
      await pauseFor(ackWaitMs / 3);
    }
  };
  const loop = async (): Promise<void> => {
    while (!isStopping()) {
      if (!(await isReady())) {
        await pauseFor(lookEachMs);
        continue;
      }
      await beginKept();
      const messages = await open();
      if (messages !== undefined) await read(messages);
    }
    // Another replica gets them at once.
    for (const message of kept.splice(0)) message.nak();
  };
  void stayAwake();
  const looping = loop().catch(fail);
  // Nor after the connection is closed for good.
  const closed = nats.closed.then((cause) => {
    if (!isStopping()) fail(new Error(`the NATS connection closed under ${durable}`, { cause }));
    return undefined;
  });

  return {
    done: ended.promise,
    async stop() {
      halt();
      const finished = Promise.race([looping, closed]).then(() => Promise.all(running));
      await within(stopWithinMs, finished);
      ended.resolve();
    },
  };
}
