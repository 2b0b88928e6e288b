import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';

/**
 * The agent's last word on its call; the phone leg may still be there. This is what an agent should send: whatever else
 * comes is read field by field (`readAgentReport`).
 */
export const agentEnded = event(
  'agent.ended',
  z.object({
    ...agentFacts,
    endedBy: z.enum(['callee', 'agent', 'error']).nullish(),
    doNotCall: z.boolean().optional(),
    callbackAt: z
      .union([z.iso.datetime({ offset: true, local: true }), z.string().max(300)])
      .nullish()
      .describe('A time in ISO 8601 (without an offset: Indian time), else the words in which it was said'),
  }),
  anyAgentReport,
);
export type AgentEnded = PayloadOf<typeof agentEnded>;
