import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts } from '../event-facts.ts';

/** The agent is in its room and has read its job. */
export const agentReady = event(
  'agent.ready',
  z.object({
    ...agentFacts,
  }),
);
export type AgentReady = PayloadOf<typeof agentReady>;
