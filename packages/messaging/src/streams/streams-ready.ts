import { publishes } from '@leadline/contracts/publishers';
import type { ServiceName } from '@leadline/contracts/services';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';
import { fetchMessage } from './stored-message.ts';
import { durables, streamOf, type DurableName } from '../topology/topology.ts';

/**
 * Whether the set-up has created what this service publishes to and pulls from: true, or what is missing. Once all of
 * it was there, it stays true: later losses are for alerts, not for the readiness probe.
 */
export function streamsReady(nats: Nats, service: ServiceName): () => Promise<true | string> {
  let seen = false;
  return async () => {
    if (seen) return true;
    const missing = await findMissing(nats, service);
    seen = missing.length === 0;
    return seen || `missing: ${missing.join(', ')}`;
  };
}

async function findMissing(nats: Nats, service: ServiceName): Promise<string[]> {
  const subjects = service === 'dashboard' ? [] : publishes[service];
  const own = Object.keys(durables)
    .filter(isDurable)
    .filter((name) => durables[name].service === service);
  const looks = [
    ...subjects.map((subject) => ({
      what: `the stream of ${subject}`,
      // An empty stream answers that it is empty; a missing one is an error.
      look: () => fetchMessage(nats, streamOf(subject), { last_by_subj: subject }),
    })),
    ...own.map((name) => ({
      what: `the durable ${name}`,
      look: async () => {
        const manager = await nats.connection.jetstreamManager({ checkAPI: false });
        return manager.consumers.info(durables[name].stream, name);
      },
    })),
  ];
  const found = await Promise.all(
    looks.map(async ({ what, look }) => {
      try {
        await look();
        return undefined;
      } catch (error) {
        return `${what} (${describeError(error)})`;
      }
    }),
  );
  return found.filter((row) => row !== undefined);
}

function isDurable(name: string): name is DurableName {
  return name in durables;
}
