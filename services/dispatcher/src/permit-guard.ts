import type { Nats } from '@leadline/messaging/connect';
import type { LiveKit } from '@leadline/telephony/livekit';
import { setTimeout as wait } from 'node:timers/promises';
import type { CallWindow } from './call-window.ts';

/** Reasons against a permit that are in no row. */
export type PermitGuard = {
  /** Why a dial must be put back at once, or undefined. Waits up to 5 s for NATS to return. */
  blockedBy(): Promise<string | undefined>;
};

const proofLastsMs = 5_000;
const natsGraceMs = 5_000;

/**
 * Without NATS we could not learn what became of the call. And with CALL_WINDOW=simulated the LiveKit server must say that
 * it is the simulator, so that a test never rings a real phone at night.
 */
export function permitGuard(options: {
  nats: Nats;
  livekit: Pick<LiveKit, 'isSimulator'>;
  window: CallWindow;
}): PermitGuard {
  let provedAt = Number.NEGATIVE_INFINITY;

  async function isSimulator(): Promise<boolean> {
    if (performance.now() - provedAt < proofLastsMs) return true;
    const proved = await options.livekit.isSimulator().catch(() => false);
    if (proved) provedAt = performance.now();
    return proved;
  }

  return {
    async blockedBy() {
      const deadline = performance.now() + natsGraceMs;
      while (!options.nats.isUp()) {
        if (performance.now() > deadline) return 'no_nats';
        await wait(100);
      }
      if (options.window.kind === 'simulated' && !(await isSimulator())) return 'not_the_simulator';
      return undefined;
    },
  };
}

/**
 * Checks this before the first call. If the server does not answer yet, each permit checks again.
 * @throws Error when the simulated window meets a LiveKit server that answers without calling itself the simulator
 */
export async function requireSimulator(livekit: Pick<LiveKit, 'isSimulator'>, window: CallWindow): Promise<void> {
  if (window.kind === 'simulated' && (await livekit.isSimulator().catch(() => undefined)) === false)
    throw new Error('CALL_WINDOW=simulated works only with the simulator, but LIVEKIT_URL is not one: set real hours');
}
