import { z } from 'zod';

/** What is wrong with one field. Never the value itself. */
export const fieldFault = z.object({
  pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the body', examples: ['/phone'] }),
  reason: z.string().meta({ description: 'For programs', examples: ['landline'] }),
  detail: z.string().meta({ description: 'For people' }),
});
export type FieldFault = z.infer<typeof fieldFault>;
