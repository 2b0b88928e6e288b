import { agentEnded } from '@leadline/contracts/events/agent-ended';
import { agentQualified } from '@leadline/contracts/events/agent-qualified';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import { databaseNow } from '@leadline/database/locks';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { trackReport } from './on-agent-reported.ts';

/** A CloudEvent in JSON: what an agent would publish on NATS, with the headers it would set. Other attributes are ignored. */
const time = z.iso.datetime({ offset: true }).optional();
const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('agent.ready'), time, data: agentReady.schema }),
  z.object({ type: z.literal('agent.qualified'), time, data: agentQualified.schema }),
  z.object({ type: z.literal('agent.ended'), time, data: agentEnded.schema }),
]);

const problemType = { 'content-type': 'application/problem+json' };

/** `POST /v1/reports`, for agents that have only HTTP: the same code as over NATS, and as harmless to repeat. */
export function reportRoutes(agentKey: string, deps: Deps): Hono {
  const app = new Hono();
  app.post('/v1/reports', bodyLimit({ maxSize: 256 * 1024 }), async (c) => {
    if (!isBearer(c.req.header('authorization'), agentKey)) {
      return c.json(
        { type: 'about:blank', title: 'The bearer key is missing or wrong', status: 401 },
        401,
        problemType,
      );
    }
    const parsed = report.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) {
      const errors = parsed.error.issues.map((issue) => ({
        pointer: `/${issue.path.map(String).join('/')}`,
        detail: issue.code,
      }));
      deps.metrics.inputs.inc({ kind: 'report', outcome: 'malformed' });
      const title = 'The report can not be read';
      return c.json({ type: 'about:blank', title, status: 422, errors }, 422, problemType);
    }
    const { time: told } = parsed.data;
    const at = told === undefined ? deps.now(await databaseNow(deps.postgres.em())) : new Date(told);
    if ((await trackReport(parsed.data, at, deps)) === 'unknown') {
      return c.json({ type: 'about:blank', title: 'No call has this room', status: 404 }, 404, problemType);
    }
    return c.json({ accepted: true }, 202);
  });
  return app;
}

/** Takes equally long whatever is wrong with the key. */
function isBearer(authorization: string | undefined, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${key}`));
}
