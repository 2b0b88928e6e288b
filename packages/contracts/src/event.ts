import type { z } from 'zod';

/** An event's contract: its subject on the wire, which is also its `ce-type`, and the shape of its payload. */
export type EventContract<Schema extends z.ZodType = z.ZodType> = { type: string; schema: Schema };

export type PayloadOf<Contract extends EventContract> = z.output<Contract['schema']>;

export function event<Schema extends z.ZodType>(type: string, schema: Schema): EventContract<Schema> {
  return { type, schema };
}
