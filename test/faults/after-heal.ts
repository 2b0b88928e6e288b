import { listDeadLetters, redrive } from '@leadline/messaging/redrive';
import { setTimeout as wait } from 'node:timers/promises';
import type { Poison } from './disturb-events.ts';
import { feedLeads, shortCalls, type Posted } from './feed-leads.ts';
import type { Random } from './random.ts';
import { isReadyWithin } from './wait-for-services.ts';
import { durableNames, type World } from './world.ts';

/** Dead letters that a person repaired and sent back, by event and durable. */
export type Repaired = Set<string>;

/** Sends half of the dead letters back, each with the payload that its event was meant to have. */
export async function repairHalf(world: World, poison: readonly Poison[], random: Random): Promise<Repaired> {
  const meant = new Map(poison.map(({ eventId, good }) => [eventId, good]));
  const repaired: Repaired = new Set();
  for (const { seq, eventId, durable } of await listDeadLetters(world.ops)) {
    const payload = meant.get(eventId);
    if (payload === undefined || !random.chance(0.5)) continue;
    await redrive(world.ops, { seq, who: 'fault campaign', payload });
    repaired.add(`${eventId} ${durable}`);
  }
  return repaired;
}

/** What a deploy without any other trouble made JetStream deliver once more, by durable. */
export type Deployed = {
  exits: string[];
  /** From where to where each durable's deliveries and its stream went. */
  durables: { name: string; from: Counted; to: Counted; inHand: number }[];
};
type Counted = { delivered: number; streamSeq: number };

/** Each service gets SIGTERM in its turn while leads flow, and nothing else goes wrong. The caller waits for the rest. */
export async function deployQuietly(
  world: World,
  random: Random,
  from: number,
): Promise<{ posted: Posted[]; finish(): Promise<Deployed> }> {
  const exits: string[] = [];
  const before = await countDeliveries(world);
  const inHand = new Map<string, number>();
  const feeding = feedLeads(world, { leads: 40, perSecond: 3, random, from, endings: shortCalls });
  for (const [name, service] of world.services) {
    await isReadyWithin(world, name, 15_000);
    const ending = service.terminate();
    let ended = false;
    void ending.finally(() => (ended = true));
    const most = new Map<string, number>();
    while (!ended) {
      for (const { name: durable, unacknowledged } of await readDurables(world))
        most.set(durable, Math.max(most.get(durable) ?? 0, unacknowledged));
      await wait(10);
    }
    // What was handed out between two looks is in hand too.
    for (const [durable, n] of most) inHand.set(durable, (inHand.get(durable) ?? 0) + n + 1);
    const end = await ending;
    if (end !== undefined) exits.push(`${name} ended ${end.exit} after ${Math.round(end.tookMs)} ms`);
    await wait(300);
  }
  const posted = await feeding;
  return {
    posted,
    async finish() {
      const after = await countDeliveries(world);
      const durables = durableNames.map(([name]) => ({
        name,
        from: before.get(name) ?? none,
        to: after.get(name) ?? none,
        inHand: inHand.get(name) ?? 0,
      }));
      return { exits, durables };
    },
  };
}

const none: Counted = { delivered: 0, streamSeq: 0 };

async function readDurables(
  world: World,
): Promise<{ name: string; stream: string; delivered: number; unacknowledged: number }[]> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  return Promise.all(
    durableNames.map(async ([name, { stream }]) => {
      const info = await manager.consumers.info(stream, name);
      return { name, stream, delivered: info.delivered.consumer_seq, unacknowledged: info.num_ack_pending };
    }),
  );
}

async function countDeliveries(world: World): Promise<Map<string, Counted>> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  const counted = new Map<string, Counted>();
  for (const { name, stream, delivered } of await readDurables(world)) {
    const { state } = await manager.streams.info(stream);
    counted.set(name, { delivered, streamSeq: state.last_seq });
  }
  return counted;
}
