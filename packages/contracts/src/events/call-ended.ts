import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { failureReasons } from '../failure-reason.ts';

/** The call has ended, whatever came of it; sent once beside call.qualified or call.failed. */
export const callEnded = event(
  'call.ended',
  z.object({
    ...callFacts,
    attempt: z.int(),
    reason: failureReasons.nullable(),
    sipStatus: z.int().nullable(),
    rang: z.enum(['yes', 'no', 'unknown']),
    durationSeconds: z.int(),
    talkSeconds: z.int(),
    doNotCall: z.boolean(),
    callbackAt: z.iso.datetime().nullable(),
  }),
);
export type CallEnded = PayloadOf<typeof callEnded>;
