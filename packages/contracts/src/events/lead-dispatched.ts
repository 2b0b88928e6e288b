import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/**
 * An attempt's phone leg exists, or its answers made a further attempt needless. `because`: the number's talk was a moment
 * ago, in the call named here, and the CRM has been told of this lead: it needs no call of its own.
 */
export const leadDispatched = event(
  'lead.dispatched',
  z.object({
    ...leadFacts,
    callId: z.int(),
    attempt: z.int(),
    because: z.literal('told_to_crm').optional(),
  }),
);
export type LeadDispatched = PayloadOf<typeof leadDispatched>;
