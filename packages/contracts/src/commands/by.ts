import { z } from 'zod';

/** Who asks, by the name that the audit keeps. */
export const who = z.string().min(1).max(200);

/** Who asks, and why: kept in the audit. */
export const by = { who, reason: z.string().min(1).max(1_000) };

const whoAndWhy = z.object(by);
export type WhoAndWhy = z.infer<typeof whoAndWhy>;
