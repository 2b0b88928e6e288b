import { z } from 'zod';
import { agentModes } from './qualification.ts';

/** What the voice agent is told of its job, as `ctx.job.metadata` (JSON text). Nothing secret: anyone with room admin sees it. */
export const jobMetadata = z.object({
  version: z.literal(1),
  room: z.string(),
  callId: z.int(),
  leadId: z.int(),
  attempt: z.int().positive(),
  mode: agentModes,
  name: z.string(),
  phone: z.string(),
  products: z.array(z.string()),
  /** W3C trace context of this attempt, where it is traced: an agent with OpenTelemetry goes on from it. */
  traceparent: z.string().optional(),
});
export type JobMetadata = z.infer<typeof jobMetadata>;
