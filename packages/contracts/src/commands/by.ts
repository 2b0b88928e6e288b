import { z } from 'zod';

/** The person who asks, by the name for the audit. */
export const who = z.string().min(1).max(200);

/** Who asks and why, for the audit. */
export const by = { who, reason: z.string().min(1).max(1_000) };

const whoAndWhy = z.object(by);
export type WhoAndWhy = z.infer<typeof whoAndWhy>;
