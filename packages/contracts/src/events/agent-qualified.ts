import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';
import { modeName } from '../mode.ts';
import { reportedAnswers } from '../qualification.ts';

/**
 * What the agent has learnt so far, sent again whenever it learns more. Agents should send this; anything else is read
 * field by field (`readAgentReport`).
 */
export const agentQualified = event(
  'agent.qualified',
  z.object({
    ...agentFacts,
    mode: modeName.nullish(),
    qualification: reportedAnswers,
    doNotCall: z.boolean().optional(),
  }),
  anyAgentReport.extend({ qualification: z.unknown().refine((value) => value !== undefined) }),
);
export type AgentQualified = PayloadOf<typeof agentQualified>;
