import { provision } from '@leadline/messaging/provision';
import type { StreamName } from '@leadline/messaging/topology';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import type { World } from './world.ts';

const lostMs = 3_000;
/** So long before it is lost nobody consumes: what waits is lost with it. */
const unreadMs = 2_000;

/** Each stream's disk fails in its turn, with messages that nobody has read yet, and `setup` makes the stream again. */
export const lostStreamDrill: Drill = {
  key: 'lost-stream',
  name: 'streams of one replica are lost, each in its turn, and made again',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note, random }) {
    const feeding = feed(leads, 3);
    const calm = (leads / 3 / 5) * 1_000;
    for (const stream of random.shuffle<StreamName>(['LEADS', 'CALLS', 'AGENT', 'ADVISORIES'])) {
      await wait(calm - unreadMs);
      const readers = readersOf(world);
      for (const one of readers) one.freeze();
      await wait(unreadMs);
      await world.natsServer.down();
      rmSync(join(world.folder, 'nats/jetstream/jetstream/LEADLINE/streams', stream), { recursive: true });
      await world.natsServer.up();
      for (const one of readers) one.thaw();
      note(`${stream} is lost`);
      await wait(lostMs);
      await provision(world.provisioner);
      note(`${stream} is made again`);
    }
    await feeding;
  },
};

/** All that consume; ingest and the dispatchers, which publish most, go on. */
function readersOf({ services }: World) {
  return (['call-tracker', 'crm-pusher', 'dashboard'] as const).flatMap((name) => services.get(name) ?? []);
}
