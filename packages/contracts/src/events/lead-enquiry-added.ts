import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { leadFacts } from '../event-facts.ts';

/** Another enquiry of a buyer whose lead is still open: it joined that lead, and causes no second call. */
export const leadEnquiryAdded = event(
  'lead.enquiry_added',
  z.object({
    /** `source` is that of the lead. */
    ...leadFacts,
    enquiryId: z.uuid(),
    enquirySource: z.string(),
    enquiredAt: z.iso.datetime(),
  }),
);
export type LeadEnquiryAdded = PayloadOf<typeof leadEnquiryAdded>;
