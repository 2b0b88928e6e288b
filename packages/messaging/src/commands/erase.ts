import { z } from 'zod';

/** The body of `ops.<service>.erase`: whose data, who asked for it and why. `dryRun` changes nothing. */
export const eraseAsked = z.object({
  phone: z.string().min(1).max(100),
  who: z.string().min(1).max(200),
  reason: z.string().min(1).max(1_000),
  dryRun: z.boolean().default(false),
});
export type EraseAsked = z.output<typeof eraseAsked>;

/** How many of what were erased, and what is left with the reason. Asked again it finds nothing more. */
export const erased = z.object({ counts: z.record(z.string(), z.number()), left: z.array(z.string()) });
export type Erased = z.infer<typeof erased>;

/** What stands where a name or number was: no number that could be dialled, and never anybody's name. */
export const erasedValue = 'erased';
