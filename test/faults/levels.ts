import type { Plan } from './campaign.ts';
import { loadPolicy, usualPolicy } from './world.ts';

export type Level = 'L0' | 'L1' | 'L2' | 'L3';

type Sized = Omit<Plan, 'seed' | 'say' | 'source'> & { seeds: number };

/** In each of the drills that are L4. */
export const drillLeads = 180;

/** So many are called within the two minutes of a drain, on a slow machine too. */
const maxWaiting = 250;

/** How much each level does. L3 is load: fewer kinds of trouble, at the peak. */
export const levels: Record<Level, Sized> = {
  // A minute, with each run other crash points: what `npm test` has time for.
  L0: {
    seeds: 1,
    leads: 90,
    leadsPerSecond: 3.5,
    maxWaiting,
    faults: 12,
    crashes: 1,
    crashPoints: 6,
    isBesideOthers: true,
    policy: usualPolicy,
  },
  L1: { seeds: 1, leads: 300, leadsPerSecond: 3.5, maxWaiting, faults: 42, crashes: 1, policy: usualPolicy },
  L2: { seeds: 5, leads: 1_000, leadsPerSecond: 4, maxWaiting, faults: 84, crashes: 4, policy: usualPolicy },
  L3: {
    seeds: 1,
    leads: 12_000,
    leadsPerSecond: 20,
    faults: 20,
    crashes: 0,
    policy: loadPolicy,
    burst: { leads: 500, perSecond: 100 },
  },
};
