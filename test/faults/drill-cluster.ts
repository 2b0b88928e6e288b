import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import type { Server } from './servers.ts';
import type { World } from './world.ts';

/** Three nats-servers lose leaders, their quorum, and at last all of themselves. */
export const clusterDrill: Drill = {
  key: 'cluster',
  name: 'a cluster of three loses its leader, its quorum, and everything',
  world: { cluster: true },
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note, random }) {
    const feeding = feed(leads, 3);
    const calm = (leads / 3 / 8) * 1_000;
    for (const stream of random.shuffle(['LEADS', 'CALLS', 'AGENT'])) {
      await wait(calm);
      const leader = await leaderOf(world, stream);
      await leader.kill();
      note(`kill -9 of the leader of ${stream}`);
    }
    await wait(calm);
    // Longer than a permit waits for NATS.
    const [first, second] = random.shuffle(world.natsNodes);
    await Promise.all([first?.down(), second?.down()]);
    note('quorum lost');
    await wait(8_000);
    await Promise.all([first?.up(), second?.up()]);
    note('quorum back');
    await wait(calm);
    await Promise.all(world.natsNodes.map((node) => node.kill()));
    note('kill -9 of all three');
    await feeding;
  },
};

async function leaderOf(world: World, stream: string): Promise<Server> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  const deadline = performance.now() + 30_000;
  for (;;) {
    const info = await manager.streams.info(stream).catch(() => undefined);
    const leader = world.natsNodes.find(({ name }) => name === info?.cluster?.leader);
    if (leader !== undefined) return leader;
    if (performance.now() > deadline) throw new Error(`${stream} has no leader`);
    await wait(200);
  }
}
