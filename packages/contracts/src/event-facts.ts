import { z } from 'zod';

/** What every lead.* event carries. Ids only: the row has the rest. */
export const leadFacts = { leadId: z.int(), source: z.string() };

/** What every call.* event carries; a lead may have been deleted meanwhile. */
export const callFacts = {
  leadId: z.int().nullable(),
  source: z.string().nullable(),
  room: z.string(),
  callId: z.int(),
};

/** What every agent.* event carries: a call's only name outside. */
export const agentFacts = { room: z.string().min(1).max(256) };

/** All that a report must have: `readAgentReport` reads its other fields, each by itself. */
export const anyAgentReport = z.looseObject(agentFacts);
