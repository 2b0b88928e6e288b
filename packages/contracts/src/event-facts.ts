import { z } from 'zod';

/** Fields of every lead.* event. Ids only, because the row has the rest. */
export const leadFacts = { leadId: z.int(), source: z.string() };

/** Fields of every call.* event. Its lead may be deleted by now. */
export const callFacts = {
  leadId: z.int().nullable(),
  source: z.string().nullable(),
  room: z.string(),
  callId: z.int(),
};

/** Fields of every agent.* event: the room is the only name that a call has outside. */
export const agentFacts = { room: z.string().min(1).max(256) };

/** The minimum of a report; `readAgentReport` reads each of its other fields by itself. */
export const anyAgentReport = z.looseObject(agentFacts);
