import { z } from 'zod';
import { answeredByCategories } from '../answered-by.ts';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';

/**
 * Who or what took the call, as far as the agent could tell; sent again when it learns better. This is what an agent should
 * send: whatever else comes is read field by field (`readAgentReport`).
 */
export const agentAnsweredBy = event(
  'agent.answered_by',
  z.object({
    ...agentFacts,
    category: answeredByCategories,
    afterMs: z.int().nonnegative().nullish().describe('How long after the answer the agent knew'),
    detail: z.string().max(300).nullish().describe('Why, in words of the detector or of what was heard'),
    messageLeft: z.boolean().optional().describe('The agent has left a message: at most one a lead'),
  }),
  anyAgentReport,
);
export type AgentAnsweredBy = PayloadOf<typeof agentAnsweredBy>;
