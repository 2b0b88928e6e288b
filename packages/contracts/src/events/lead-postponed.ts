import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** A due lead waits for a reason of its own. Sent when the reason or its end changes. */
export const leadPostponed = event(
  'lead.postponed',
  z.object({
    ...leadFacts,
    reason: z.string(),
    until: z.iso.datetime().nullable(),
  }),
);
export type LeadPostponed = PayloadOf<typeof leadPostponed>;
