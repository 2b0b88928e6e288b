import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { failureReasons } from '../failure-reason.ts';

/** The call is `failed`, with its reason. */
export const callFailed = event(
  'call.failed',
  z.object({
    ...callFacts,
    attempt: z.int(),
    reason: failureReasons,
    sipStatus: z.int().nullable(),
    rang: z.enum(['yes', 'no', 'unknown']),
    durationSeconds: z.int(),
    talkSeconds: z.int(),
    doNotCall: z.boolean(),
    callbackAt: z.iso.datetime().nullable(),
  }),
);
export type CallFailed = PayloadOf<typeof callFailed>;
