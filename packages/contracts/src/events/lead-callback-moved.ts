import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** A callback is made at another time than was promised: `window_shut`, `asked_again` by the buyer, or `operator`. */
export const leadCallbackMoved = event(
  'lead.callback_moved',
  z.object({
    ...leadFacts,
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    reason: z.string(),
  }),
);
export type LeadCallbackMoved = PayloadOf<typeof leadCallbackMoved>;
