import { tail } from '@leadline/messaging/tail';
import { redrivenBy } from '@leadline/messaging/dead-letters';
import type { StreamName } from '@leadline/messaging/topology';
import { headers as newHeaders, type MsgHdrs, type StoredMsg } from 'nats';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';
import { durableNames, type World } from './world.ts';

export type Poison = { eventId: string; subject: string; durables: string[]; good: unknown };

export type Disturbing = {
  poison: Poison[];
  counts: { duplicated: number; reordered: number; malformed: number; foreign: number };
  stop(): Promise<void>;
};

const mark = 'fault-campaign';

/**
 * Says 10 % of all events once more, 5 % again much later, and 5 % broken, under ids of their own that no duplicate
 * window knows. They are marked as sent by an operator: nothing else may say what a service's outbox does not hold.
 */
export function disturbEvents(world: World, random: Random): Disturbing {
  const poison: Poison[] = [];
  const counts = { duplicated: 0, reordered: 0, malformed: 0, foreign: 0 };
  const working = new Set<Promise<void>>();
  let stopping = false;
  const { ops } = world;

  const original = async (stream: StreamName, seq: number): Promise<StoredMsg | undefined> => {
    const manager = await ops.connection.jetstreamManager({ checkAPI: false });
    return manager.streams.getMessage(stream, { seq }).catch(() => undefined);
  };
  const say = async (message: StoredMsg, payload: string | Uint8Array, id: string, newId: boolean): Promise<void> => {
    const headers = newHeaders();
    for (const name of message.header.keys()) headers.set(name, message.header.get(name));
    headers.set('Nats-Msg-Id', id);
    if (newId) headers.set('ce-id', id);
    headers.set(redrivenBy, mark);
    return publish(message.subject, payload, headers);
  };
  const publish = async (subject: string, payload: string | Uint8Array, headers: MsgHdrs): Promise<void> => {
    for (let tries = 0; tries < 100; tries++) {
      try {
        await ops.connection.jetstream().publish(subject, payload, { headers, timeout: 2_000 });
        return;
      } catch {
        await wait(300);
      }
    }
    throw new Error(`${subject} could not be disturbed: NATS does not come back`);
  };

  const disturb = async (stream: StreamName, seq: number, payload: unknown): Promise<void> => {
    const draw = random.between(0, 1);
    if (draw > 0.2) return;
    const message = await original(stream, seq);
    if (message === undefined || message.header.get(redrivenBy) !== '') return;
    if (draw < 0.05) {
      const eventId = randomUUID();
      const readers = durableNames
        .filter(([, { filters }]) => filters.some((filter) => covers(filter, message.subject)))
        .map(([name]) => name);
      poison.push({ eventId, subject: message.subject, durables: readers, good: payload });
      counts.malformed++;
      const bad = random.pick(['{"leadId":', JSON.stringify({ leadId: 'seventeen', room: 7 }), '[]', '']);
      return say(message, bad, eventId, true);
    }
    if (draw < 0.1) {
      counts.reordered++;
      await wait(5_000);
    } else counts.duplicated++;
    return say(message, message.data, randomUUID(), false);
  };
  const track = (disturbing: Promise<void>): void => {
    const work: Promise<void> = disturbing.catch(() => undefined).finally(() => working.delete(work));
    working.add(work);
  };
  const tails = (['LEADS', 'CALLS', 'AGENT'] as const).map((stream) =>
    tail(ops, stream, {}, ({ seq, payload }) => {
      if (stopping) return;
      track(disturb(stream, seq, payload));
    }),
  );
  // Another installation's calls have the same ids as ours; its reports must not reach our rows.
  const foreign = setInterval(() => track(sayForeign()), 1_500);
  const sayForeign = async (): Promise<void> => {
    const [newest] = await world.query<{ id: number }>(
      `select id from calls where status = 'calling' order by id desc limit 1`,
    );
    if (newest === undefined) return;
    const eventId = randomUUID();
    const headers = newHeaders();
    const envelope = {
      'Nats-Msg-Id': eventId,
      'ce-specversion': '1.0',
      'ce-id': eventId,
      'ce-type': 'agent.qualified',
      'ce-source': 'elsewhere',
      'ce-subject': `call-${newest.id}`,
      'ce-time': new Date().toISOString(),
    };
    for (const [name, value] of Object.entries(envelope)) headers.set(name, value);
    headers.set(redrivenBy, mark);
    const answers = { room: `call-${newest.id}`, mode: 'sarvam', qualification: { location: 'elsewhere' } };
    poison.push({ eventId, subject: 'agent.qualified', durables: ['call-tracker-agent'], good: undefined });
    counts.foreign++;
    await publish('agent.qualified', JSON.stringify(answers), headers);
  };
  return {
    poison,
    counts,
    async stop() {
      stopping = true;
      clearInterval(foreign);
      await Promise.all([...tails.map((tailing) => tailing.stop()), ...working]);
    },
  };
}

function covers(filter: string, subject: string): boolean {
  return filter === subject || (filter.endsWith('.>') && subject.startsWith(filter.slice(0, -1)));
}
