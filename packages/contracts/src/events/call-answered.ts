import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** LiveKit answered the dial's own request: the callee has answered. */
export const callAnswered = event(
  'call.answered',
  z.object({
    ...callFacts,
    answeredAt: z.iso.datetime(),
    sipCallId: z.string(),
  }),
);
export type CallAnswered = PayloadOf<typeof callAnswered>;
