import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import type { World } from './world.ts';

/** NATS comes back without its last half minute: what it acknowledged then is gone, and the outboxes have it. */
export const rollbackDrill: Drill = {
  key: 'rollback',
  name: 'the streams are rolled back by 30 s and healed from the outboxes',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note, say }) {
    const feeding = feed(leads, 3);
    const copy = join(world.folder, 'nats-backup');
    await wait(Math.max(5_000, (leads / 3) * 1_000 - 40_000));
    world.natsServer.backUp(copy);
    const before = await countStored(world);
    note('a copy of the streams is kept');
    await wait(30_000);
    say(`  ${(await countStored(world)) - before} messages came since`);
    await world.natsServer.restore(copy);
    note('the streams are rolled back');
    await feeding;
  },
};

async function countStored(world: World): Promise<number> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  let sum = 0;
  for (const stream of ['LEADS', 'CALLS', 'AGENT']) sum += (await manager.streams.info(stream)).state.messages;
  return sum;
}
