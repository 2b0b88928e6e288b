import type { z } from 'zod';

/** An event's contract: its type, which is also its NATS subject and `ce-type`, and the shape of its payload. */
export type EventContract<Schema extends z.ZodType = z.ZodType> = {
  type: string;
  /** What publishers send and the documents show. */
  schema: Schema;
  /** What a redrive may send, if readers accept more than the schema. */
  accepts?: z.ZodType;
};

export type PayloadOf<Contract extends EventContract> = z.output<Contract['schema']>;

export function event<Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  accepts?: z.ZodType,
): EventContract<Schema> {
  return accepts === undefined ? { type, schema } : { type, schema, accepts };
}
