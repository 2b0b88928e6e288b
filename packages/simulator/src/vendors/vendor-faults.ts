import { z } from 'zod';
import { oddAnswer } from '../odd-answers.ts';

/** What may go wrong, or look odd, in a vendor's API. */
export const vendorFaults = z.object({
  /** Answers everything with this status. */
  status: z.int().optional(),
  retryAfterSeconds: z.number().optional(),
  slowMs: z.number().optional(),
  /** Cuts the connection before anything is said, or in the middle of the answer. */
  drop: z.enum(['before', 'midway']).optional(),
  /** A page for people with status 200, where JSON belongs. */
  htmlPage: z.boolean().default(false),
  /** The rows inside an object, under this name. */
  wrapped: z.string().optional(),
  /** In front of the JSON. */
  junk: z.string().default(''),
  /** Ids as JSON numbers, whatever their length. */
  numericIds: z.boolean().default(false),
  /** Answers of another kind than enquiries, each for as many requests as it says. */
  answers: z.array(oddAnswer).default([]),
  /** So many requests meet the fault; all, unless given. */
  requests: z.int().optional(),
  /** Between two requests, where the vendor has such a limit; its own unless given. */
  gapMs: z.number().optional(),
});
export type VendorFaults = z.output<typeof vendorFaults>;
