import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts } from '../event-facts.ts';

/**
 * The agent is in its room and works. Optional, every 5 s from agent.ready to agent.ended; an agent that has begun with it
 * and stops is taken for dead. Heard live and stored nowhere.
 */
export const agentAlive = event(
  'agent.alive',
  z.object({
    ...agentFacts,
  }),
);
export type AgentAlive = PayloadOf<typeof agentAlive>;
