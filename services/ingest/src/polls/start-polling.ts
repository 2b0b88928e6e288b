import { requireWritable } from '@leadline/database/session';
import { describeError } from '@leadline/messaging/describe-error';
import { electLeader } from '@leadline/messaging/elect-leader';
import type { Part } from '@leadline/time/part';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../vendors/connections.ts';
import { findDuePolls } from './keep-polls.ts';
import { pollConnection, type Polling } from './poll-connection.ts';
import { findPullAdapter, pullAdapters } from '../sources/pull-registry.ts';

/** A connection that somebody made meanwhile is met after this many looks' time, however late the others are due. */
const restLooks = 10;
/** The server drops a leader that is silent for 10 s. */
const askSessionEachMs = 7_000;
const atOnce = 4;

/** Polls vendors whose connections are due. One of all replicas does it. */
export function startPolling(deps: Omit<Polling, 'stopping'> & { lookEachMs: number }): Part {
  const { lookEachMs } = deps;
  const sources = pullAdapters.map(({ adapter }) => adapter.source);

  const poll = async (connection: Connection, stopping: AbortSignal): Promise<void> => {
    const pull = findPullAdapter(connection.source);
    if (pull === undefined) return;
    try {
      await pollConnection(connection, pull, { ...deps, stopping });
    } catch (error) {
      // This poll stays claimed; the vendor's gap decides when it comes again.
      const { source, id: connectionId } = connection;
      deps.log.error({ err: error, source, connectionId }, 'a vendor’s answer could not be taken');
    }
  };
  /** Answers for how many ms nothing is due then, as far as is known. */
  const pollDue = async (stopping: AbortSignal): Promise<number> => {
    const { due, nextInMs } = await findDuePolls(deps.postgres, sources);
    for (let at = 0; at < due.length && !stopping.aborted; at += atOnce)
      await Promise.all(due.slice(at, at + atOnce).map((connection) => poll(connection, stopping)));
    const restMs = restLooks * lookEachMs;
    return due.length > 0 ? lookEachMs : Math.min(restMs, Math.ceil(nextInMs ?? restMs));
  };
  return electLeader({
    databaseUrl: deps.postgres.url,
    name: 'ingest-poller',
    lockClass: 'poller',
    lock: 'ingest_poller',
    async asLeader(client, asked) {
      const lost = new AbortController();
      const stopping = AbortSignal.any([asked, lost.signal]);
      // A vendor may answer slowly; meanwhile the database server must hear from its leader.
      const ask = (): void => {
        requireWritable(client).catch((error: unknown) => lost.abort(error));
      };
      const asking = setInterval(ask, askSessionEachMs);
      try {
        while (!asked.aborted) {
          lost.signal.throwIfAborted();
          await wait(await pollDue(stopping), undefined, { signal: stopping }).catch(() => undefined);
        }
      } finally {
        clearInterval(asking);
      }
    },
    lost: (error) => deps.log.warn({ because: describeError(error) }, 'the poller begins anew'),
    rest: (stopping) => wait(2 * lookEachMs, undefined, { signal: stopping }).catch(() => undefined),
  });
}
