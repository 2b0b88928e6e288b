import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { failureReasons } from '../failure-reason.ts';
import { rangFacts } from '../rang.ts';

/**
 * The dial's own result: refused, not answered, or never sent. `numberFree`: the far end has certainly released the
 * number.
 */
export const callDialFailed = event(
  'call.dial_failed',
  z.object({
    ...callFacts,
    reason: failureReasons,
    sipStatus: z.int().nullable(),
    ...rangFacts,
    /** Why nothing was dialled: no phone rang. Absent where one may have. */
    notDialled: z.string().optional(),
    numberFree: z.boolean(),
  }),
);
export type CallDialFailed = PayloadOf<typeof callDialFailed>;
