import { requireWritable, sessionSettings } from '@leadline/database/session';
import { tryToLead, type LedClass } from '@leadline/database/locks';
import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';

/** `stop` gives leadership up once `lead` has returned; it aborts `stopping` at once. */
export type Leading = Part;

const retryMs = 500;
const endWithinMs = 2_000;
/** The server drops a silent leader, so that another one replaces a frozen process. */
const session =
  '-c idle_session_timeout=10000 -c statement_timeout=10000 -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/**
 * One of all replicas leads, by its session's advisory lock. `lead` runs while this one does; it asks its session at
 * least every few seconds whether it may write, for the server drops one that is silent for 10 s and lets another lead,
 * and a server that is no primary any more leads nobody. It returns when
 * `stopping` is aborted, and throws when its session is lost: then it begins anew.
 */
export function electLeader(options: {
  databaseUrl: string;
  /** The session's name in Postgres. */
  name: string;
  lockClass: LedClass;
  /** Which of a class's locks to hold. */
  lock: string;
  sessionOptions?: string;
  asLeader: (client: Client, stopping: AbortSignal) => Promise<void>;
  /** Called when the session is lost, or could not be opened. */
  lost: (error: unknown) => void;
  /** The pause before the next try to lead. */
  rest: (stopping: AbortSignal) => Promise<void>;
}): Leading {
  const stop = new AbortController();
  const isStopping = (): boolean => stop.signal.aborted;

  const follow = async (client: Client): Promise<void> => {
    client.on('error', () => undefined);
    await client.connect();
    while (!isStopping()) {
      if (await tryToLead(client, options.lockClass, options.lock)) {
        await requireWritable(client);
        await options.asLeader(client, stop.signal);
      } else await options.rest(stop.signal);
    }
  };
  const run = async (): Promise<void> => {
    while (!isStopping()) {
      const client = new Client({
        connectionString: options.databaseUrl,
        application_name: options.name,
        connectionTimeoutMillis: 5_000,
        query_timeout: 12_000,
        keepAlive: true,
        options: `${sessionSettings} ${session} ${options.sessionOptions ?? ''}`,
      });
      try {
        await follow(client);
      } catch (error) {
        options.lost(error);
        await wait(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      } finally {
        // Otherwise it would wait for ever on a server that vanished without a word.
        await within(
          endWithinMs,
          client.end().catch(() => undefined),
        );
      }
    }
  };
  const running = run();
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}
