import { z } from 'zod';
import { testCallSource } from './test-call.ts';

/** A vendor's names for a lead's fields, if its adapter does not know them. */
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

/** A source's name in leads, receipts and minutes. */
export const sourceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _, beginning with a letter')
  .refine((name) => name !== testCallSource, 'is the name of Leadline’s own test calls; take another');
