import { join } from 'node:path';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import { feedPromise, promiseOf } from './feed-promises.ts';
import type { Violation } from './invariants.ts';
import type { Ledgers } from './ledgers.ts';
import { heldByOlderDatabase, judgeOlderDatabase, marks, reconcileAll } from './older-database.ts';

/** Buyers who are promised a call, by what of it the backup knows. */
const promised = {
  'made before the backup and due long after it': { number: '+919720000042', inMs: 90_000 },
  'made before the backup and rung in what is forgotten': { number: '+919730000042', inMs: 18_000 },
  'asked for in what is forgotten': { number: '+919740000042', inMs: 75_000, ringMs: 1_500, talkMs: 4_000 },
};

/** So long two buyers are given to be called, before the backup is made. */
const settledMs = 6_000;

/** Postgres comes back older than the world. Nothing rings before it is reconciled, and nobody whom it forgot rings again. */
export const restoreDrill: Drill = {
  key: 'restore',
  name: 'Postgres is restored from an older backup while calls go on',
  invariants: heldByOlderDatabase,
  async run(drilling) {
    const { world, leads, feed, note, campaign } = drilling;
    const [early, rung, late] = Object.values(promised);
    const copy = join(world.folder, 'postgres-backup');
    const third = Math.ceil(leads / 3);
    const before = feed(third, 3);
    await wait((third / 3) * 1_000 - settledMs);
    for (const one of [early, rung]) if (one !== undefined) await feedPromise(campaign, one);
    await until('two calls are promised', async () => {
      const [row] = await world.query<{ n: number }>(
        `select count(*)::int as n from callbacks where state = 'waiting'`,
      );
      return row?.n === 2;
    });
    if (late !== undefined) await feedPromise(campaign, late);
    await until('a third buyer is being rung', async () => {
      const [row] = await world.query<{ n: number }>(
        `select count(*)::int as n from dials d join calls c on c.id = d.call_id
          where d.sent_at is not null and right(c.phone, 10) = right($1, 10)`,
        [late?.number],
      );
      return row?.n === 1;
    });
    world.postgres.backUp(copy);
    note(marks.lastKept);
    await Promise.all([before, feed(third, 3)]);
    note(marks.killed);
    await world.postgres.restore(copy);
    note(marks.older);
    await reconcileAll(drilling);
  },
  async judge(campaign, ledgers) {
    return { ...(await judgeOlderDatabase(campaign, ledgers)), I16: judgePromises(ledgers) };
  },
};

/** Each buyer is rung for the promise once, whether the backup knew of it, of its ring, or not even of the request. */
function judgePromises(ledgers: Ledgers): Violation[] {
  return Object.entries(promised).flatMap(([which, { number }]): Violation[] => {
    const { invites, rows } = promiseOf(ledgers, number);
    if (invites.length !== 2) return [{ what: `the promise ${which} was rung ${invites.length - 1} times` }];
    if (rows.some(({ state }) => state === 'waiting')) return [{ what: `the promise ${which} still waits` }];
    return [];
  });
}
