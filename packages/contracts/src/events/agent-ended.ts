import { z } from 'zod';
import { dispositions, maxLanguageCharacters } from '../disposition.ts';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';

/**
 * The agent's last report on its call; the phone leg may still be there. Agents should send this; anything else is read
 * field by field (`readAgentReport`).
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
    disposition: dispositions.nullish().describe('What became of the talk'),
    language: z
      .string()
      .max(maxLanguageCharacters)
      .nullish()
      .describe('The language that the person wishes to be spoken to; the next attempt is told of it'),
  }),
  anyAgentReport,
);
export type AgentEnded = PayloadOf<typeof agentEnded>;
