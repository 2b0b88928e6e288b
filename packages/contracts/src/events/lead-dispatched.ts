import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** An attempt's phone leg exists, or its answers made a further attempt needless. */
export const leadDispatched = event(
  'lead.dispatched',
  z.object({
    ...leadFacts,
    callId: z.int(),
    attempt: z.int(),
  }),
);
export type LeadDispatched = PayloadOf<typeof leadDispatched>;
