import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import { heldByOlderDatabase, judgeOlderDatabase, marks, reconcileAll } from './older-database.ts';

/** Postgres comes back older than the world. Nothing rings before it is reconciled, and nobody whom it forgot rings again. */
export const restoreDrill: Drill = {
  key: 'restore',
  name: 'Postgres is restored from an older backup while calls go on',
  invariants: heldByOlderDatabase,
  async run(drilling) {
    const { world, leads, feed, note } = drilling;
    const copy = join(world.folder, 'postgres-backup');
    const third = Math.ceil(leads / 3);
    const before = feed(third, 3);
    await wait((third / 3) * 1_000);
    world.postgres.backUp(copy);
    note(marks.lastKept);
    await Promise.all([before, feed(third, 3)]);
    note(marks.killed);
    await world.postgres.restore(copy);
    note(marks.older);
    await reconcileAll(drilling);
  },
  judge: judgeOlderDatabase,
};
