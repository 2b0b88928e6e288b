import { z } from 'zod';
import { oddAnswer } from '../odd-answers.ts';

/** Faults and oddities of a vendor's API. */
export const vendorFaults = z.object({
  /** Answers everything with this status. */
  status: z.int().optional(),
  retryAfterSeconds: z.number().optional(),
  slowMs: z.number().optional(),
  /** Cuts the connection before the answer, or in the middle of it. */
  drop: z.enum(['before', 'midway']).optional(),
  /** Answers 200 with an HTML page in place of JSON. */
  htmlPage: z.boolean().default(false),
  /** Puts the rows into an object, under this name. */
  wrapped: z.string().optional(),
  /** Text before the JSON. */
  junk: z.string().default(''),
  /** Writes ids as JSON numbers, whatever their length. */
  numericIds: z.boolean().default(false),
  /** Answers that hold no enquiries, each for its number of requests. */
  answers: z.array(oddAnswer).default([]),
  /** How many requests meet the fault; all by default. */
  requests: z.int().optional(),
  /** The least time between two requests; the vendor's own limit by default. */
  gapMs: z.number().optional(),
});
export type VendorFaults = z.output<typeof vendorFaults>;
