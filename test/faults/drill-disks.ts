import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import { missesSmallDisks } from './small-disk.ts';
import type { World } from './world.ts';

const fullMs = 15_000;

/** Postgres can't write another byte, ends and comes back as often as it likes, until somebody frees its disk. */
export const postgresDiskDrill: Drill = {
  key: 'postgres-disk',
  name: 'the disk of Postgres is full for a while, and freed',
  world: { disks: { postgres: 512 } },
  misses: missesSmallDisks,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note }) {
    const feeding = feed(leads, 3);
    for (const part of [1, 2]) {
      await wait((leads / 3 / 3) * 1_000);
      world.disks.get('postgres')?.fill();
      note('the disk of Postgres is full');
      await whileFull(world);
      world.disks.get('postgres')?.free();
      if (world.postgres.hasEnded) await world.postgres.up();
      note(`freed for the ${part === 1 ? 'first' : 'second'} time`);
    }
    await feeding;
  },
};

/** Postgres ends where it can't write its log; a supervisor starts it again, in vain. */
async function whileFull(world: World): Promise<void> {
  const until = performance.now() + fullMs;
  while (performance.now() < until) {
    if (world.postgres.hasEnded) await world.postgres.up().catch(() => undefined);
    await wait(1_000);
  }
}

/** JetStream can't store another message, and switches itself off; an operator frees the disk and starts nats-server again. */
export const natsDiskDrill: Drill = {
  key: 'nats-disk',
  name: 'the disk of JetStream is full for a while, and freed',
  world: { disks: { nats: 64 } },
  misses: missesSmallDisks,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note }) {
    const feeding = feed(leads, 3);
    for (const part of [1, 2]) {
      await wait((leads / 3 / 3) * 1_000);
      world.disks.get('nats')?.fill();
      note('the disk of JetStream is full');
      await wait(fullMs);
      world.disks.get('nats')?.free();
      await world.natsServer.kill();
      note(`freed for the ${part === 1 ? 'first' : 'second'} time`);
    }
    await feeding;
  },
};
