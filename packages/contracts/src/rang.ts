import { z } from 'zod';

/** Whether a phone rang. `probably`: the network's answer stands for a miss and for a phone that is switched off alike. */
export type Rang = 'yes' | 'probably' | 'no' | 'unknown';

/**
 * How an event and a row tell it: a guess is `rang` yes with `rangProbably` beside it, for releases before this one know
 * three words only, and they run beside us during an upgrade.
 */
export const rangFacts = { rang: z.enum(['yes', 'no', 'unknown']), rangProbably: z.boolean().optional() };
type RangFacts = { rang: 'yes' | 'no' | 'unknown'; rangProbably?: boolean | undefined };

export function toRangFacts(rang: Rang): RangFacts {
  return rang === 'probably' ? { rang: 'yes', rangProbably: true } : { rang };
}

export function fromRangFacts({ rang, rangProbably }: RangFacts): Rang {
  return rang === 'yes' && rangProbably === true ? 'probably' : rang;
}
