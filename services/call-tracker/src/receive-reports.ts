import { toOutsideInstant } from '@leadline/contracts/outside-time';
import { readAgentReport } from '@leadline/contracts/to-agent-report';
import { databaseNow } from '@leadline/database/locks';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { trackReport, unreadableTime } from './on-agent-reported.ts';

/** A CloudEvent in JSON: what an agent would publish on NATS, with the headers it would set. Other attributes are ignored. */
const event = z.looseObject({
  type: z.unknown().optional(),
  time: z.unknown().optional(),
  data: z.unknown().optional(),
});

/** What fits of a report counts, so more is read than NATS would take. */
const mostBytes = 1024 * 1024;
const problemType = { 'content-type': 'application/problem+json' };

/** `POST /v1/reports`, for agents that have only HTTP: the same code as over NATS, and as harmless to repeat. */
export function reportRoutes(agentKey: string, deps: Deps): Hono {
  const app = new Hono();
  const tooLarge = { type: 'about:blank', title: 'The report is larger than 1 MB', status: 413 } as const;
  const limit = bodyLimit({ maxSize: mostBytes, onError: (c) => c.json(tooLarge, 413, problemType) });
  app.post('/v1/reports', limit, async (c) => {
    if (!isBearer(c.req.header('authorization'), agentKey)) {
      return c.json(
        { type: 'about:blank', title: 'The bearer key is missing or wrong', status: 401 },
        401,
        problemType,
      );
    }
    const body = event.safeParse(await c.req.json().catch(() => undefined));
    const read = body.success
      ? readAgentReport(body.data.type, body.data.data)
      : ({ ok: false, faults: [{ pointer: '', detail: 'must be a JSON object with type and data' }] } as const);
    if (!body.success || !read.ok) {
      deps.metrics.inputs.inc({ kind: 'report', outcome: 'malformed' });
      const title = 'The report can not be read';
      const errors = read.ok ? [] : read.faults;
      return c.json({ type: 'about:blank', title, status: 422, errors }, 422, problemType);
    }
    const { time } = body.data;
    const told = typeof time === 'string' || typeof time === 'number' ? toOutsideInstant(time) : null;
    const isUnreadable = told === null && time !== undefined && time !== null;
    const notes = isUnreadable ? [...read.notes, unreadableTime('/time')] : read.notes;
    const at = told ?? deps.now(await databaseNow(deps.postgres.em()));
    if ((await trackReport({ report: read.report, notes, at }, deps)) === 'unknown') {
      return c.json({ type: 'about:blank', title: 'No call has this room', status: 404 }, 404, problemType);
    }
    const fields = notes.map(({ pointer, outcome, detail }) => ({ pointer, outcome, detail }));
    return c.json({ accepted: true, ...(fields.length === 0 ? {} : { fields }) }, 202);
  });
  return app;
}

/** Takes equally long whatever is wrong with the key. */
function isBearer(authorization: string | undefined, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${key}`));
}
