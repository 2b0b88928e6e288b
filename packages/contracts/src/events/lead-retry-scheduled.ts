import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** The lead is `new` again and due at `retryAt`. `retryCount` counts spent attempts. */
export const leadRetryScheduled = event(
  'lead.retry_scheduled',
  z.object({
    ...leadFacts,
    callId: z.int(),
    reason: z.string(),
    retryAt: z.iso.datetime(),
    retryCount: z.int(),
  }),
);
export type LeadRetryScheduled = PayloadOf<typeof leadRetryScheduled>;
