import { agentAlive } from '@leadline/contracts/events/agent-alive';
import { agentEnded } from '@leadline/contracts/events/agent-ended';
import type { Nats } from '@leadline/messaging/connect';
import { listenTo } from '@leadline/messaging/listen';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';
import { silentAfterMs } from './decide-takeover.ts';

/** When agents last said that they are alive, as this process heard it. Nothing of it is stored: a new process waits for the next. */
export type Beats = {
  heard(room: string): void;
  forget(room: string): void;
  /** Null for a room whose agent says nothing of the kind, or has not for long. */
  agoMs(room: string): number | null;
  /** Rooms whose agents have just fallen silent, each told a few times at most. */
  takeSilent(isHearing: boolean): string[];
};

/** After this the room's own webhooks and looks have told. */
const forgottenAfterMs = 30_000;
const toldAgainMs = 3_000;
/** This process slept, or its loop was busy: what was said meanwhile may be unread. */
const sleptMs = 2_000;

/** @param clock monotonic, in ms */
export function openBeats(clock: () => number = () => performance.now()): Beats {
  const rooms = new Map<string, { at: number; toldAt: number }>();
  let lookedAt = clock();
  return {
    heard: (room) => void rooms.set(room, { at: clock(), toldAt: Number.NEGATIVE_INFINITY }),
    forget: (room) => void rooms.delete(room),
    agoMs(room) {
      const beat = rooms.get(room);
      return beat === undefined ? null : clock() - beat.at;
    },
    takeSilent(isHearing) {
      const now = clock();
      const slept = now - lookedAt > sleptMs;
      lookedAt = now;
      const silent: string[] = [];
      for (const [room, beat] of rooms) {
        // While nobody can be heard, silence says nothing of them.
        if (slept || !isHearing) beat.at = now;
        else if (now - beat.at > forgottenAfterMs) rooms.delete(room);
        else if (now - beat.at >= silentAfterMs && now - beat.toldAt >= toldAgainMs) {
          beat.toldAt = now;
          silent.push(room);
        }
      }
      return silent;
    },
  };
}

const lookEachMs = 500;

/** Hears agents' signs of life, live, and tells of each that falls silent. One that never sends any is left alone. */
export function hearBeats(around: {
  nats: Nats;
  log: Log;
  beats: Beats;
  onSilent: (room: string) => Promise<void>;
}): Part {
  const { nats, log, beats, onSilent } = around;
  const alive = listenTo(nats, agentAlive, ({ room }) => beats.heard(room));
  const ended = listenTo(nats, agentEnded, ({ room }) => beats.forget(room));
  const looking = every({
    name: 'look for silent agents',
    ms: lookEachMs,
    work: async () => void (await Promise.all(beats.takeSilent(nats.isUp()).map(onSilent))),
    log,
  });
  return {
    async stop() {
      await Promise.all([alive.stop(), ended.stop(), looking.stop()]);
    },
  };
}
