import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** A lead is stored and will be called. The row is the truth; this event only wakes the dispatcher. */
export const leadCreated = event(
  'lead.created',
  z.object({
    ...leadFacts,
    enquiredAt: z.iso.datetime(),
  }),
);
export type LeadCreated = PayloadOf<typeof leadCreated>;
