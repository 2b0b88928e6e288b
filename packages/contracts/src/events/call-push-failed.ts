import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The CRM refused the task for good. */
export const callPushFailed = event(
  'call.push_failed',
  z.object({
    ...callFacts,
    errorClass: z.string(),
    attempts: z.int(),
  }),
);
export type CallPushFailed = PayloadOf<typeof callPushFailed>;
