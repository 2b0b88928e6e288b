import type { DurableState, StreamState } from '@leadline/messaging/read-topology';
import { toClock } from './clock.ts';
import { streams as definitions } from '@leadline/messaging/topology';
import { bad, good, note, type Finding } from './finding.ts';

const provision =
  'run the set-up (docs/operate/operations.md, Set up database and streams): it creates and corrects streams and consumers, and deletes nothing';
const manyWaiting = 1_000;
const nearlyFull = 0.8;

/** Compares streams and durables with their definition. */
export function judgeTopology(streams: StreamState[], durables: DurableState[]): Finding[] {
  const wrong = [...streams, ...durables].flatMap(({ name, found, differences }): Finding[] => {
    if (found === undefined) return [bad(name, 'is missing', provision)];
    return differences.length === 0 ? [] : [bad(name, differences.join('; '), provision)];
  });
  const waiting = durables.flatMap(({ name, service, found }): Finding[] =>
    (found?.waiting ?? 0) < manyWaiting
      ? []
      : [
          note(
            name,
            `${found?.waiting} messages wait`,
            `if leadline lag shows it grow, see the log of ${service} and add replicas`,
          ),
        ],
  );
  const paused = durables.flatMap(({ name, found }): Finding[] =>
    found?.pausedUntil === undefined
      ? []
      : [
          bad(
            name,
            `is paused until ${toClock(found.pausedUntil, 'ist')} IST: it delivers nothing`,
            'ask who paused it; nats consumer resume starts it again (docs/operate/alerts.md, LeadlineConsumerPaused)',
          ),
        ],
  );
  const full = streams.flatMap(({ name, found }): Finding[] => {
    const { maxBytes, discard } = definitions[name];
    const share = (found?.bytes ?? 0) / maxBytes;
    if (share < nearlyFull) return [];
    const words = `has used ${Math.round(share * 100)} % of its ${maxBytes / 2 ** 20} MiB`;
    const fix = 'docs/operate/alerts.md, LeadlineStreamNearlyFull';
    return discard === 'new'
      ? [bad(name, `${words}; full, it refuses new events`, fix)]
      : [note(name, `${words}; full, it drops its oldest`, fix)];
  });
  const single = streams.filter(({ found }) => found?.replicas === 1).map(({ name }) => name);
  return [
    ...(wrong.length === 0
      ? [good('streams', `${streams.length} streams and ${durables.length} consumers as they should be`)]
      : wrong),
    ...full,
    ...paused,
    ...waiting,
    ...(single.length === 0
      ? []
      : [
          note(
            'streams',
            `one replica only: ${single.join(', ')}`,
            'use three in production, so that a lost disk loses no event',
          ),
        ]),
  ];
}
