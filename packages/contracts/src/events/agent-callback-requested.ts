import { z } from 'zod';
import { event, type PayloadOf } from '../event.ts';
import { agentFacts, anyAgentReport } from '../event-facts.ts';

/** How exact a promised time is: to the minute, some part of a day, or from then on. */
export const callbackPrecisions = z.enum(['exact', 'part_of_day', 'after']);
/** Who named the time: the buyer, or somebody who answered for them. */
export const callbackAskers = z.enum(['buyer', 'gatekeeper']);
/** Who calls back: the voice agent, or a person of the sales team. */
export const callbackKeepers = z.enum(['agent', 'person']);

/**
 * The buyer asks to be called back. Sent as often as they change their mind: the latest of a call counts. This is what an
 * agent should send: whatever else comes is read field by field (`readAgentReport`).
 */
export const agentCallbackRequested = event(
  'agent.callback_requested',
  z.object({
    ...agentFacts,
    words: z.string().max(300).nullish().describe('The time in the words in which it was said'),
    at: z.iso
      .datetime({ offset: true })
      .nullable()
      .describe('The instant; null: Leadline reads the words, which must then name one time'),
    precision: callbackPrecisions.default('exact'),
    confirmed: z.boolean().default(false).describe('The time was read back to the person, who agreed'),
    askedBy: callbackAskers.default('buyer'),
    keptBy: callbackKeepers.default('agent'),
  }),
  anyAgentReport,
);
export type AgentCallbackRequested = PayloadOf<typeof agentCallbackRequested>;
