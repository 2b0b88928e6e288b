import { z } from 'zod';

/** The vendor's names for a lead's fields, where they differ from the adapter's. */
export const aliases = z.partialRecord(
  z.enum([
    'sourceLeadId',
    'name',
    'phone',
    'email',
    'productName',
    'city',
    'state',
    'message',
    'enquiredAt',
    'country',
    'enquiryType',
  ]),
  z.array(z.string().min(1).max(200)).max(20),
);
