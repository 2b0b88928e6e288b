import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The dial has its permit: from here on the phone may ring. */
export const callDialing = event(
  'call.dialing',
  z.object({
    ...callFacts,
    attempt: z.int(),
  }),
);
export type CallDialing = PayloadOf<typeof callDialing>;
