import { z } from 'zod';
import { agentModes } from './qualification.ts';

/** LiveKit takes 512 KiB of metadata, and an agent's prompt much less. */
export const maxProducts = 20;
export const maxProductCharacters = 200;
export const maxNameCharacters = 200;

/** What the voice agent is told of its job, as `ctx.job.metadata` (JSON text). Nothing secret: anyone with room admin sees it. */
export const jobMetadata = z.object({
  version: z.literal(1),
  room: z.string(),
  callId: z.int(),
  leadId: z.int(),
  attempt: z.int().positive(),
  mode: agentModes,
  name: z.string().max(maxNameCharacters),
  phone: z.string(),
  /** The lead's own first, then the newest of what was asked for besides. */
  products: z.array(z.string().max(maxProductCharacters)).max(maxProducts),
  /** W3C trace context of this attempt, where it is traced: an agent with OpenTelemetry goes on from it. */
  traceparent: z.string().optional(),
});
export type JobMetadata = z.infer<typeof jobMetadata>;
