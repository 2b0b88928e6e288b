import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The phone leg joined its room: assume that the phone rings. */
export const callRinging = event(
  'call.ringing',
  z.object({
    ...callFacts,
    attempt: z.int(),
  }),
);
export type CallRinging = PayloadOf<typeof callRinging>;
