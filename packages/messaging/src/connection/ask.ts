import type { Part } from '@leadline/time/part';
import type { CommandContract } from '@leadline/contracts/command';
import type { Msg } from 'nats';
import { NatsError } from 'nats';
import { z } from 'zod';
import type { Nats } from './connect.ts';
import { describeError } from './describe-error.ts';

/** A command or question that we can't grant; its text is for the person who asked. */
export class CommandRefused extends Error {
  override name = 'CommandRefused';
}

/** No answer in time, or a fault of the service: nobody knows whether it carried out the command. */
export class CommandUnanswered extends Error {
  override name = 'CommandUnanswered';
}

/** Answers requests until stopped; finishes those in progress. */
export type Answering = Part;

const reply = z.union([
  z.object({ result: z.unknown() }),
  z.object({ error: z.string(), kind: z.enum(['refused', 'failed']) }),
]);
type Reply = z.infer<typeof reply>;

/**
 * Answers a command; one replica gets each request. The asking side gets each missing field of its body, and the words
 * of a CommandRefused; of any other error only that it happened.
 */
export async function answer<Body extends z.ZodType, Result extends z.ZodType>(
  nats: Nats,
  command: CommandContract<Body, Result>,
  work: (asked: z.output<Body>) => Promise<z.output<Result>>,
): Promise<Answering> {
  const { subject } = command;
  const answerTo = async (message: Msg): Promise<Reply> => {
    try {
      const parsed = command.body.safeParse(readBody(message));
      if (!parsed.success) throw new CommandRefused(faultsOf(parsed.error));
      return { result: (await work(parsed.data)) ?? null };
    } catch (error) {
      if (error instanceof CommandRefused) return { error: error.message, kind: 'refused' };
      nats.log.error({ err: error, subject }, 'a command could not be carried out');
      return { error: 'the service could not do it; its log says why', kind: 'failed' };
    }
  };
  const subscription = nats.connection.subscribe(subject, {
    queue: 'answers',
    callback: (fault, message) => {
      if (fault !== null) {
        nats.log.error({ subject, code: fault.code }, 'commands are not heard');
        return;
      }
      answerTo(message)
        .then((said) => message.respond(JSON.stringify(said)))
        .catch((error: unknown) => nats.log.warn({ subject, because: describeError(error) }, 'an answer was not sent'));
    },
  });
  // Once the server has answered this, it has our subscription. If the connection breaks meanwhile, it subscribes again
  // when it is back.
  await nats.connection.flush().catch(() => undefined);
  return { stop: async () => subscription.unsubscribe() };
}

/**
 * Asks a service.
 * @throws CommandRefused with the service's words
 * @throws CommandUnanswered when no service answers in time, or when it failed
 */
export async function ask<Body extends z.ZodType, Result extends z.ZodType>(
  nats: Nats,
  command: CommandContract<Body, Result>,
  body: z.input<Body>,
  timeoutMs = 5_000,
): Promise<z.output<Result>> {
  const { subject } = command;
  let answered: unknown;
  try {
    answered = (await nats.connection.request(subject, JSON.stringify(body), { timeout: timeoutMs })).json();
  } catch (error) {
    if (error instanceof NatsError && error.isPermissionError())
      throw new CommandRefused(`this NATS user may not ask ${subject}`, { cause: error });
    const nobody = error instanceof NatsError && error.code === '503';
    throw new CommandUnanswered(nobody ? `no service answers ${subject}` : `${subject} was not answered in time`, {
      cause: error,
    });
  }
  const envelope = reply.parse(answered);
  if (!('error' in envelope)) return command.result.parse(envelope.result);
  throw envelope.kind === 'refused' ? new CommandRefused(envelope.error) : new CommandUnanswered(envelope.error);
}

function readBody(message: Msg): unknown {
  if (message.data.length === 0) return {};
  try {
    return message.json();
  } catch {
    throw new CommandRefused('body: is not JSON');
  }
}

function faultsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
}
