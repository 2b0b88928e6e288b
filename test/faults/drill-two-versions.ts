import { readFileSync } from 'node:fs';
import { fetchPreviousVersion } from '../e2e/previous-version.ts';
import type { Drill } from './drills.ts';
import { invariants, type Violation } from './invariants.ts';
import { levels } from './levels.ts';

/** Before readiness, pauses and wishes were what they are: an upgrade from it has the most to get wrong. */
const commit = '84bfb0db5697fc96f8a527372a97c50e7d7f1a5e';

let folder: string | undefined;

/** An upgrade that stands half done for hours, with everything that goes wrong at L1. */
export const twoVersionsDrill: Drill = {
  key: 'two-versions',
  name: 'two versions of every service side by side, under the faults of L1',
  async misses() {
    try {
      folder ??= (await fetchPreviousVersion(commit)).folder;
      return undefined;
    } catch (error) {
      return `it needs the version before: ${error instanceof Error ? error.message : String(error)}`;
    }
  },
  invariants,

  /** Both dispatchers dialled and both pushers pushed, or nothing is proved. The older pusher notes no enquiries. */
  async judge({ world }) {
    const violations: Violation[] = [];
    for (const name of ['dispatcher-1', 'dispatcher-2'] as const)
      if (!readFileSync(world.services.get(name)?.logFile ?? '', 'utf8').includes('"msg":"dialling"'))
        violations.push({ what: `${name} dialled nobody` });
    const [pushed] = await world.query<{ older: number; newer: number }>(
      `select count(*) filter (where enquiries is null)::int as older, count(enquiries)::int as newer
         from crm_pushes where sent_at is not null`,
    );
    if (pushed === undefined || pushed.older === 0 || pushed.newer === 0)
      violations.push({ what: `${pushed?.older} pushes are the older version’s, ${pushed?.newer} the newer’s` });
    return { I5: violations };
  },
  // So few that faults and calls come together.
  plan: () => ({ ...levels.L1, maxWaiting: 60, ...(folder === undefined ? {} : { beside: folder }) }),
};
