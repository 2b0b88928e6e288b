import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** A further enquiry of a buyer whose lead is still open: it joined that lead, and nobody is rung a second time for it. */
export const leadEnquiryAdded = event(
  'lead.enquiry_added',
  z.object({
    /** `source` is the lead's. */
    ...leadFacts,
    enquiryId: z.uuid(),
    enquirySource: z.string(),
    enquiredAt: z.iso.datetime(),
  }),
);
export type LeadEnquiryAdded = PayloadOf<typeof leadEnquiryAdded>;
