import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** The buyer of call `callId` is called back at `at`; Leadline rings at `dueAt`, which is later where nobody may be rung then. */
export const leadCallbackPromised = event(
  'lead.callback_promised',
  z.object({
    ...leadFacts,
    callId: z.int().nullable(),
    at: z.iso.datetime(),
    dueAt: z.iso.datetime(),
    precision: z.string(),
    keptBy: z.string(),
  }),
);
export type LeadCallbackPromised = PayloadOf<typeof leadCallbackPromised>;
