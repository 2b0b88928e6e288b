import { z } from 'zod';

export const vendorNames = ['indiamart', 'tradeindia', 'exportersindia', 'justdial', 'meta', 'google_ads'] as const;
export type VendorName = (typeof vendorNames)[number];

const text = z.string().default('');

/** An enquiry at a marketplace, before the marketplace writes it in its own form. */
export const vendorEnquiry = z.object({
  id: z.string().min(1),
  /** Defaults to now. */
  at: z.iso
    .datetime({ offset: true })
    .transform((value) => new Date(value))
    .optional(),
  name: text,
  phone: text,
  otherPhone: text,
  email: text,
  company: text,
  product: text,
  message: text,
  city: text,
  state: text,
  /** Overrides the vendor's own fields: damaged values, more fields, other types. */
  fields: z.record(z.string(), z.json()).default({}),
});
export type VendorEnquiry = z.output<typeof vendorEnquiry> & { at: Date };
