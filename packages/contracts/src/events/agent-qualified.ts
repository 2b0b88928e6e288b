import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts } from '../event-facts.ts';
import { agentModes, reportedAnswers } from '../qualification.ts';

/** What the agent has learnt so far; sent as often as it learns something. */
export const agentQualified = event(
  'agent.qualified',
  z.object({
    ...agentFacts,
    mode: agentModes,
    qualification: reportedAnswers,
  }),
);
export type AgentQualified = PayloadOf<typeof agentQualified>;
