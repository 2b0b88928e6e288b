import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import { heldByOlderDatabase, judgeOlderDatabase, marks, reconcileAll } from './older-database.ts';
import { followPrimary } from './standby.ts';

/** Long enough for the services to meet a server that takes no writes. */
const readOnlyMs = 4_000;

/** The standby that takes over has not heard of the last commits, while the services and the leads go on. */
export const standbyDrill: Drill = {
  key: 'standby',
  name: 'Postgres fails over to a standby that lags, while calls go on',
  invariants: heldByOlderDatabase,
  async run(drilling) {
    const { world, leads, feed, note } = drilling;
    const third = Math.ceil(leads / 3);
    const before = feed(third, 3);
    await wait(2_000);
    const standby = await followPrimary(world.postgres, join(world.folder, 'standby'));
    note('a standby follows');
    await before;
    await standby.cutOff();
    note(marks.lastKept);
    const since = feed(third, 3);
    await wait((third / 3) * 500);
    note(marks.killed);
    await world.postgres.down();
    world.leadTo(standby.server);
    note('the links lead to the standby, which takes no writes yet');
    await wait(readOnlyMs);
    await standby.promote();
    note(marks.older);
    await since;
    await reconcileAll(drilling);
  },
  judge: judgeOlderDatabase,
};
