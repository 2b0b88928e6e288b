import type { Context, Next } from 'hono';
import { setTimeout as wait } from 'node:timers/promises';
import { socketOf } from '../cut-connection.ts';
import type { HeldFaults } from '../faults.ts';
import type { Rooms } from './rooms.ts';
import type { Webhooks } from './webhooks.ts';

/** How long the bridge waits for its server. */
const bridgeWaitsMs = 62_000;

type Restart = NonNullable<HeldFaults['restartServer']>;

/** Performs a crash once, when its fault is set: a process dies, or forgets. */
export function openCrashes(options: {
  rooms: Rooms;
  webhooks: Webhooks;
  bridge: { kill(providerRingMs: number): void; giveUpTalks(): void };
  timeFactor: number;
}) {
  const { rooms, webhooks, bridge } = options;
  const waiting = new Set<{ destroy(): void }>();
  const stopping = new AbortController();
  const pause = async (ms: number): Promise<void> => {
    if (ms > 0) await wait(ms / options.timeFactor, undefined, { signal: stopping.signal });
  };
  let isDown = false;
  let restarts = 0;

  const restartServer = async ({ downMs, rejoinMs }: Restart): Promise<void> => {
    if (isDown) return;
    isDown = true;
    const thisOne = ++restarts;
    for (const socket of waiting) socket.destroy();
    webhooks.forget();
    rooms.suspend();
    await pause(Math.min(downMs, bridgeWaitsMs));
    if (downMs >= bridgeWaitsMs) bridge.giveUpTalks();
    await pause(downMs - bridgeWaitsMs);
    isDown = false;
    await pause(rejoinMs);
    // After another crash in the meantime, all of them wait for the next return.
    if (thisOne === restarts) rooms.resume();
  };

  return {
    /** Compares the new faults with the previous ones. */
    notice(before: HeldFaults, now: HeldFaults): void {
      if (now.killBridge !== undefined && before.killBridge === undefined) bridge.kill(now.killBridge.providerRingMs);
      if (now.loseRedis && !before.loseRedis) rooms.forget();
      if (now.replaceLegs && !before.replaceLegs) {
        for (const socket of waiting) socket.destroy();
        rooms.replaceLegs();
      }
      if (now.restartServer !== undefined && before.restartServer === undefined) {
        restartServer(now.restartServer).catch(() => undefined);
      }
    },
    /** While the server is down, connections fail, and requests that were waiting at its death get no answer. */
    guard: async (c: Context, next: Next): Promise<Response | void> => {
      const socket = socketOf(c);
      if (isDown) {
        socket.destroy();
        return c.body(null);
      }
      waiting.add(socket);
      try {
        await next();
      } finally {
        waiting.delete(socket);
      }
    },
    stop: (): void => stopping.abort(),
  };
}
