import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** Nobody calls this lead again, unless an operator asks for it. */
export const leadFailed = event(
  'lead.failed',
  z.object({
    ...leadFacts,
    reason: z.string(),
  }),
);
export type LeadFailed = PayloadOf<typeof leadFailed>;
