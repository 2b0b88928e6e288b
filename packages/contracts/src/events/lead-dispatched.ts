import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/**
 * An attempt's phone leg exists, or its answers made another attempt unnecessary. `because`: we had just talked with
 * this number in the call named here, and the CRM has this lead's enquiry, so it needs no call of its own.
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
