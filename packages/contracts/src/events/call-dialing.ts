import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';

/** The dial has its permit: the phone may ring from here on. */
export const callDialing = event(
  'call.dialing',
  z.object({
    ...callFacts,
    attempt: z.int(),
  }),
);
export type CallDialing = PayloadOf<typeof callDialing>;
