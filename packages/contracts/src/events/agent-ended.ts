import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts } from '../event-facts.ts';

/** The agent's last word on its call; the phone leg may still be there. */
export const agentEnded = event(
  'agent.ended',
  z.object({
    ...agentFacts,
    endedBy: z.enum(['callee', 'agent', 'error']),
    doNotCall: z.boolean(),
    callbackAt: z.iso.datetime({ offset: true }).nullable(),
  }),
);
export type AgentEnded = PayloadOf<typeof agentEnded>;
