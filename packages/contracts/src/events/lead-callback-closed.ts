import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** What became of a promised time: `kept`, `missed` or `cancelled`, and why. `rangAt`: when the phone was dialled for it. */
export const leadCallbackClosed = event(
  'lead.callback_closed',
  z.object({
    ...leadFacts,
    callId: z.int().nullable(),
    at: z.iso.datetime().nullable(),
    state: z.string(),
    reason: z.string().nullable(),
    rangAt: z.iso.datetime().nullable(),
  }),
);
export type LeadCallbackClosed = PayloadOf<typeof leadCallbackClosed>;
