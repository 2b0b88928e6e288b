import { resolveWhen, type When } from '@leadline/agent-kit/resolve-when';
import { indianZone } from '@leadline/contracts/indian-time';
import { toOutsideInstant } from '@leadline/contracts/outside-time';
import { databaseNow } from '@leadline/database/locks';
import { requireBearer } from '@leadline/service-kit/bearer';
import { answerProblem } from '@leadline/service-kit/problem';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { Deps } from './deps.ts';

const maxBytes = 16 * 1024;
const maxWordsCharacters = 1_000;

/** `now` is by default the moment of the request, `zone` India's. */
const question = z.object({
  words: z
    .string({ error: 'must be a text' })
    .max(maxWordsCharacters, `must have at most ${maxWordsCharacters} characters`),
  now: z
    .union([z.string(), z.number()])
    .nullish()
    .transform((written, context) => {
      if (written == null) return undefined;
      const at = toOutsideInstant(written);
      if (at !== null) return at;
      context.addIssue({ code: 'custom', message: 'must be a time of 2000 to 2099 in ISO 8601' });
      return z.NEVER;
    }),
  zone: z
    .string()
    .nullish()
    .transform((name) => name ?? indianZone)
    .refine(isZone, 'must be the IANA name of a zone: Asia/Kolkata'),
});

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}

/** `POST /v1/when`: reads a person's words for a time with `resolveWhen`, for agents in any programming language. */
export function whenRoutes(agentKey: string, deps: Pick<Deps, 'postgres' | 'now'>): Hono {
  const app = new Hono();
  const title = 'The question can not be read';
  const limit = bodyLimit({ maxSize: maxBytes, onError: (c) => answerProblem(c, { title, status: 413 }) });
  app.post('/v1/when', limit, requireBearer(agentKey), async (c) => {
    const asked = question.safeParse(await c.req.json().catch(() => undefined));
    if (!asked.success) {
      const errors = asked.error.issues.map(({ path, message }) => ({
        pointer: path.length === 0 ? '' : `/${path.join('/')}`,
        detail: path.length === 0 ? 'must be a JSON object with words' : message,
      }));
      return answerProblem(c, { title, status: 422, errors });
    }
    const { words, now, zone } = asked.data;
    const saidAt = now ?? deps.now(await databaseNow(deps.postgres.sql));
    return c.json(toWire(resolveWhen(words, saidAt, zone)));
  });
  return app;
}

function toWire(when: When) {
  switch (when.kind) {
    case 'time':
      return { kind: when.kind, at: when.at.toISOString(), precision: when.precision };
    case 'readings':
      return {
        kind: when.kind,
        readings: when.readings.map(({ at, precision }) => ({ at: at.toISOString(), precision })),
      };
    case 'none':
      return when;
  }
}
