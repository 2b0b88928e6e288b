import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The dial's own request was told that the callee answered. */
export const callAnswered = event(
  'call.answered',
  z.object({
    ...callFacts,
    answeredAt: z.iso.datetime(),
    sipCallId: z.string(),
  }),
);
export type CallAnswered = PayloadOf<typeof callAnswered>;
