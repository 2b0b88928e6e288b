import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { callFacts } from '../event-facts.ts';
import { modeName } from '../mode.ts';

/** The call is `called`: its leg is gone and its answers are stored. */
export const callQualified = event(
  'call.qualified',
  z.object({
    ...callFacts,
    mode: modeName,
  }),
);
export type CallQualified = PayloadOf<typeof callQualified>;
