import { discard, listDeadLetters } from '@leadline/messaging/redrive';
import { setTimeout as wait } from 'node:timers/promises';
import type { World } from './world.ts';

const everyMs = 3_000;

/**
 * The person who looks at dead letters of an agent's last word: each holds its number until somebody did. The good one of
 * each came as well, so that these are let be. Goes on until it is stopped, whatever faults come in its way.
 */
export function lookAtLastWords(world: World): { stop(): Promise<void> } {
  let stopping = false;
  const looking = (async () => {
    while (!stopping) {
      await discardLastWords(world).catch(() => undefined);
      await wait(everyMs);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await looking;
    },
  };
}

async function discardLastWords({ ops }: World): Promise<void> {
  const unseen = { durable: 'call-tracker-agent', subject: 'agent.ended', redriven: false };
  for (const { seq } of await listDeadLetters(ops, unseen))
    await discard(ops, { seq, who: 'fault campaign', reason: 'its good one came' });
}
