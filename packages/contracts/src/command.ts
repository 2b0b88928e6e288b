import { z } from 'zod';

/**
 * The contract of a command or question: a core NATS request on `subject`. One replica of the service in the subject
 * answers it. It types both ends.
 */
export type CommandContract<Body extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> = {
  subject: string;
  /** What it does, in one line for the documents. */
  summary: string;
  /** What the asking side sends. The service fills in the defaults. */
  body: Body;
  /**
   * What the service answers, in its form on the wire: times are ISO 8601 texts in UTC. Both sides may be of different
   * releases: unknown keys pass, and a key that the last release does not send has a default.
   */
  result: Result;
};

export function command<Body extends z.ZodType, Result extends z.ZodType>(
  contract: CommandContract<Body, Result>,
): CommandContract<Body, Result> {
  return contract;
}

/** What the asking side sends: fields with a default are optional. */
export type BodyOf<Contract extends CommandContract> = z.input<Contract['body']>;

/** What the answering service gets: the body with its defaults. */
export type AskedBy<Contract extends CommandContract> = z.output<Contract['body']>;

/** What the service answers and the asking side gets. */
export type ResultOf<Contract extends CommandContract> = z.output<Contract['result']>;

/** An object in a result. Keys that only a newer service sends pass through, untyped. */
export function resultObject<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  return z.looseObject(shape);
}

/** One of these words. A newer service may answer another one, which the asking side shows as it is. */
export function openEnum(words: readonly [string, ...string[]]): z.ZodType<string> {
  return z.union([z.enum(words), z.string()]);
}

/** An instant on the wire: ISO 8601 in UTC. */
export const wireTime = z.iso.datetime({ offset: true });

/** The body of a question without parameters. */
export const nothing = z.object({});
