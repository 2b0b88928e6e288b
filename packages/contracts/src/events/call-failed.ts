import { z } from 'zod';
import { answeredByCategories } from '../answered-by.ts';
import { dispositions } from '../disposition.ts';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { failureReasons } from '../failure-reason.ts';
import { rangFacts } from '../rang.ts';

/** The call is `failed`, with its reason. */
export const callFailed = event(
  'call.failed',
  z.object({
    ...callFacts,
    attempt: z.int(),
    reason: failureReasons,
    sipStatus: z.int().nullable(),
    ...rangFacts,
    /** Why nothing was dialled: no phone rang. Absent where one may have. */
    notDialled: z.string().optional(),
    durationSeconds: z.int(),
    talkSeconds: z.int(),
    doNotCall: z.boolean(),
    callbackAt: z.iso.datetime().nullable(),
    /** Who took the call, where the agent told. A person is reached where it is no machine. */
    answeredBy: answeredByCategories.nullable().optional(),
    disposition: dispositions.nullable().optional(),
  }),
);
export type CallFailed = PayloadOf<typeof callFailed>;
