import { z } from 'zod';

/** The vendor's names for a lead's fields, where they differ from the ones that its adapter knows. */
export const fieldAliases = z.partialRecord(
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

/** The name of a source, as leads, receipts and minutes carry it. */
export const sourceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _, beginning with a letter');
