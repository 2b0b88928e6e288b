import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';
import { agentModes, reportedAnswers } from '../qualification.ts';

/**
 * What the agent has learnt so far; sent as often as it learns something. This is what an agent should send: whatever
 * else comes is read field by field (`readAgentReport`).
 */
export const agentQualified = event(
  'agent.qualified',
  z.object({
    ...agentFacts,
    mode: agentModes.nullish(),
    qualification: reportedAnswers,
    doNotCall: z.boolean().optional(),
  }),
  anyAgentReport.extend({ qualification: z.unknown().refine((value) => value !== undefined) }),
);
export type AgentQualified = PayloadOf<typeof agentQualified>;
