import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import { missesSmallDisks } from './small-disk.ts';
import type { World } from './world.ts';

const fullMs = 15_000;

type FullDisk = {
  key: string;
  /** Whose disk, in the record. */
  of: string;
  disk: 'postgres' | 'nats';
  megabytes: number;
  /** While it is full, for so long. */
  meanwhile: (world: World, ms: number) => Promise<void>;
  /** What an operator does once there is room again. */
  afterwards: (world: World) => Promise<void>;
};

/** Postgres can't write another byte, ends and comes back as often as it likes, until somebody frees its disk. */
export const postgresDiskDrill = diskDrill({
  key: 'postgres-disk',
  of: 'Postgres',
  disk: 'postgres',
  megabytes: 512,
  // It ends where it can't write its log; a supervisor starts it again, in vain.
  async meanwhile(world, ms) {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      if (world.postgres.hasEnded) await world.postgres.up().catch(() => undefined);
      await wait(1_000);
    }
  },
  async afterwards(world) {
    if (world.postgres.hasEnded) await world.postgres.up();
  },
});

/** JetStream can't store another message, and switches itself off; an operator frees the disk and starts nats-server again. */
export const natsDiskDrill = diskDrill({
  key: 'nats-disk',
  of: 'JetStream',
  disk: 'nats',
  megabytes: 64,
  meanwhile: (_world, ms) => wait(ms),
  afterwards: (world) => world.natsServer.kill(),
});

function diskDrill({ key, of, disk, megabytes, meanwhile, afterwards }: FullDisk): Drill {
  return {
    key,
    name: `the disk of ${of} is full for a while, and freed`,
    world: { disks: { [disk]: megabytes } },
    misses: missesSmallDisks,
    invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
    async run({ world, leads, feed, note }) {
      const feeding = feed(leads, 3);
      for (const part of ['first', 'second']) {
        await wait((leads / 3 / 3) * 1_000);
        world.disks.get(disk)?.fill();
        note(`the disk of ${of} is full`);
        await meanwhile(world, fullMs);
        world.disks.get(disk)?.free();
        await afterwards(world);
        note(`freed for the ${part} time`);
      }
      await feeding;
    },
  };
}
