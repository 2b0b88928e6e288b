import { z } from 'zod';

/** Unusual answers, all seen from vendors, CRMs or proxies. */
export const oddities = [
  'blank',
  'white_space',
  'empty_list',
  'null',
  'empty_object',
  'error_row',
  'error_text',
  'conflict',
  'not_yet',
  'refused',
] as const;
type Oddity = (typeof oddities)[number];

/** Rules in order: a request gets the first one that matches it and is not used up. */
export const oddAnswer = z.object({
  says: z.enum(oddities),
  /** An operation of the far system, such as `create_customer` or `CreateRoom`; all operations by default. */
  to: z.string().default('*'),
  /** Only requests that contain this text: a number, a name, an id. */
  about: z.string().default(''),
  /** How many requests first get their normal answers. */
  after: z.int().min(0).default(0),
  /** How many requests get it, for example "not yet" before the lead; all requests by default. */
  times: z.int().min(1).optional(),
});
type OddAnswer = z.output<typeof oddAnswer>;

/** The far system's own wording of an unusual answer. */
type Words = {
  errorRow: unknown;
  errorText: string;
  notYet: { status: number; json: unknown };
  refused: { status: number; json: unknown };
  conflict: unknown;
};

export type OddAnswers = {
  set(answers: readonly OddAnswer[]): void;
  /** The unusual answer to this request, with its name for the log; undefined: the normal one. */
  next(operation: string, request: string): { says: Oddity; response: Response } | undefined;
};

export function openOddAnswers(words: Words): OddAnswers {
  let held: (OddAnswer & { seen: number })[] = [];
  return {
    set(answers) {
      held = answers.map((answer) => ({ ...answer, seen: 0 }));
    },
    next(operation, request) {
      for (const answer of held) {
        if ((answer.to !== '*' && answer.to !== operation) || !request.includes(answer.about)) continue;
        answer.seen++;
        if (answer.seen <= answer.after || answer.seen > answer.after + (answer.times ?? Number.POSITIVE_INFINITY))
          continue;
        return { says: answer.says, response: toResponse(answer.says, words) };
      }
      return undefined;
    },
  };
}

function toResponse(says: Oddity, words: Words): Response {
  const json = (body: unknown, status = 200): Response =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  const text = (body: string): Response => new Response(body, { headers: { 'content-type': 'text/plain' } });
  switch (says) {
    case 'blank':
      return text('');
    case 'white_space':
      return text(' \r\n\t \n');
    case 'empty_list':
      return json([]);
    case 'null':
      return json(null);
    case 'empty_object':
      return json({});
    case 'error_row':
      return json([words.errorRow]);
    case 'error_text':
      return text(words.errorText);
    case 'conflict':
      return json(words.conflict, 409);
    case 'not_yet':
      return json(words.notYet.json, words.notYet.status);
    case 'refused':
      return json(words.refused.json, words.refused.status);
  }
}
