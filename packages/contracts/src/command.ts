import { z } from 'zod';

/**
 * A command or a question of a person: a core request on `subject`, answered by one replica of the service that the
 * subject names. Both ends are typed by it.
 */
export type CommandContract<Body extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> = {
  subject: string;
  /** What it does, in one line, for the documents. */
  summary: string;
  /** What the asker sends. The service fills in the defaults. */
  body: Body;
  /**
   * What the service answers, as it stands on the wire: times are ISO 8601 texts in UTC. A service and its asker may be
   * of different releases: unknown keys pass, and a key that the last release does not answer has a default.
   */
  result: Result;
};

export function command<Body extends z.ZodType, Result extends z.ZodType>(
  contract: CommandContract<Body, Result>,
): CommandContract<Body, Result> {
  return contract;
}

/** What the asker of a command sends: what has a default may be left out. */
export type BodyOf<Contract extends CommandContract> = z.input<Contract['body']>;

/** What the answering service gets of a command: its body with the defaults filled in. */
export type AskedBy<Contract extends CommandContract> = z.output<Contract['body']>;

/** What a command's asker gets, and its service answers. */
export type ResultOf<Contract extends CommandContract> = z.output<Contract['result']>;

/** An object in a result. Keys that only a newer service answers pass through, untyped. */
export function resultObject<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  return z.looseObject(shape);
}

/** One of these words today; a newer service may answer another, which its asker shows as it is. */
export function openEnum(words: readonly [string, ...string[]]): z.ZodType<string> {
  return z.union([z.enum(words), z.string()]);
}

/** A point in time as the wire has it: ISO 8601 in UTC. */
export const wireTime = z.iso.datetime({ offset: true });

/** The body of a question that needs nothing. */
export const nothing = z.object({});
