import { connect, Events, type NatsConnection } from 'nats';
import { describeError } from './describe-error.ts';
import type { Log } from './log.ts';

export type Nats = {
  connection: NatsConnection;
  user: string;
  /** False from a noticed disconnect until the server is back. */
  isUp(): boolean;
  /** How often the connection was lost and came back; messages published in between may be lost. */
  reconnects(): number;
  /** Runs after each reconnect, until the returned function is called. */
  onReconnect(work: () => void): () => void;
  /** Resolves when the connection is closed for good, with the error if there was one. */
  closed: Promise<Error | undefined>;
  /** Sends what is queued, then closes. Stop consumers first: it does not wait for their handlers. */
  close(): Promise<void>;
  log: Log;
};

/** The oldest server that works: several filters in a consumer and `sync_interval` need it. */
const oldestServer = [2, 10, 0] as const;

/**
 * Connects and stays connected: it never gives up, even after a wrong password, because passwords change while we run.
 * It notices a half-open connection after about 2.5 pings.
 * @throws Error when the server is too old, naming both versions
 */
export async function connectNats(options: {
  url: string;
  user?: string | undefined;
  pass?: string | undefined;
  name: string;
  log: Log;
  /**
   * For commands of people: fails at once if the server is missing or refuses. Once connected, it stays like any other.
   */
  isOneTry?: boolean;
  /** Shorter in tests. */
  pingIntervalMs?: number;
}): Promise<Nats> {
  const { log } = options;
  const waiting = setInterval(
    () => log.warn({}, 'no first connection to NATS yet: is it up, are user and password right?'),
    5_000,
  );
  const connection = await connect({
    servers: options.url.split(','),
    name: options.name,
    ...(options.user === undefined ? {} : { user: options.user, inboxPrefix: `_INBOX_${options.user}` }),
    ...(options.pass === undefined ? {} : { pass: options.pass }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    reconnectJitter: 250,
    waitOnFirstConnect: options.isOneTry !== true,
    pingInterval: options.pingIntervalMs ?? 10_000,
    maxPingOut: 2,
    timeout: 5_000,
    ignoreAuthErrorAbort: true,
    // Otherwise each publish creates an Error with a stack in advance: a tenth of a busy relay's cost.
    noAsyncTraces: true,
  }).finally(() => clearInterval(waiting));
  const version = connection.info?.version ?? '0.0.0';
  if (!atLeast(version, oldestServer)) {
    await connection.close();
    throw new Error(`nats-server ${version} is too old: ${oldestServer.join('.')} or newer is needed`);
  }
  let up = true;
  let reconnects = 0;
  let closing = false;
  const reconnected = new Set<() => void>();
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        up = false;
        log.warn({}, 'the connection to NATS is lost; it is tried again');
      } else if (status.type === Events.Reconnect) {
        up = true;
        reconnects++;
        log.info({}, 'connected to NATS again');
        for (const work of reconnected) work();
      } else if (status.type === Events.Error) {
        // A refused acknowledgement shows nowhere else.
        const subject = status.permissionContext?.subject ?? '';
        const fields = { code: typeof status.data === 'string' ? status.data : '', subject };
        // A restarted tail tries to delete its old consumer, which read-only users may not do.
        if (subject.startsWith('$JS.API.CONSUMER.DELETE.'))
          log.debug(fields, 'a tail leaves its consumer to end by itself');
        else log.error(fields, 'NATS refused something');
      }
    }
  };
  watch().catch(() => undefined);
  const closed = connection.closed().then((error) => {
    up = false;
    if (closing) return undefined;
    const fault = error instanceof Error ? error : new Error('the NATS connection was closed from outside');
    log.error({ code: describeError(fault) }, 'the NATS connection is closed for good');
    return fault;
  });
  return {
    connection,
    user: options.user ?? '',
    reconnects: () => reconnects,
    isUp: () => up && !connection.isClosed(),
    closed,
    onReconnect(work) {
      reconnected.add(work);
      return () => reconnected.delete(work);
    },
    async close() {
      closing = true;
      if (connection.isClosed()) return;
      if (up) await connection.flush().catch(() => undefined);
      await (up ? connection.drain() : connection.close()).catch(() => undefined);
    },
    log,
  };
}

/** `2.10.4` is at least [2, 10, 4]; so is `2.11.0-RC.1`. */
export function atLeast(version: string, wanted: readonly [number, number, number]): boolean {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0, 0, 0];
  for (const [index, want] of wanted.entries()) {
    const part = parts[index] ?? 0;
    if (part !== want) return part > want;
  }
  return true;
}

/** Older servers silently ignore a `term` with a reason, and deliver the message again. */
export function takesTermReason(nats: Nats): boolean {
  return atLeast(nats.connection.info?.version ?? '', [2, 10, 4]);
}
