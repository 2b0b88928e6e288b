import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The CRM holds the call's task. */
export const callPushed = event(
  'call.pushed',
  z.object({
    ...callFacts,
    taskId: z.string(),
  }),
);
export type CallPushed = PayloadOf<typeof callPushed>;
