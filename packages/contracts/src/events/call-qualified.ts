import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { agentModes } from '../qualification.ts';

/** The call is `called`: its leg is gone and its answers are stored. */
export const callQualified = event(
  'call.qualified',
  z.object({
    ...callFacts,
    mode: agentModes,
  }),
);
export type CallQualified = PayloadOf<typeof callQualified>;
