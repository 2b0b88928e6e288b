import { agentAlive } from '@leadline/contracts/events/agent-alive';
import { toOutsideInstant } from '@leadline/contracts/outside-time';
import { readAgentReport } from '@leadline/contracts/to-agent-report';
import { databaseNow } from '@leadline/database/locks';
import { requireBearer } from '@leadline/service-kit/bearer';
import { answerProblem } from '@leadline/service-kit/problem';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { trackReport, unreadableTime } from './on-agent-reported.ts';

/** A CloudEvent in JSON with the payload and headers of the same report over NATS. We ignore other attributes. */
const event = z.looseObject({
  type: z.unknown().optional(),
  time: z.unknown().optional(),
  data: z.unknown().optional(),
});

/** We keep as much of a report as fits, so we accept more bytes than NATS would. */
const maxBytes = 1024 * 1024;

/** `POST /v1/reports`, for agents that have only HTTP. It runs the same code as reports over NATS and is safe to repeat. */
export function reportRoutes(agentKey: string, deps: Deps): Hono {
  const app = new Hono();
  const tooLarge = { title: 'The report is larger than 1 MB', status: 413 } as const;
  const limit = bodyLimit({ maxSize: maxBytes, onError: (c) => answerProblem(c, tooLarge) });
  app.post('/v1/reports', limit, requireBearer(agentKey), async (c) => {
    const body = event.safeParse(await c.req.json().catch(() => undefined));
    const alive =
      body.success && body.data.type === agentAlive.type ? agentAlive.schema.safeParse(body.data.data) : undefined;
    if (alive?.success === true) {
      deps.beats.heard(alive.data.room);
      return c.json({ accepted: true }, 202);
    }
    const read = body.success
      ? readAgentReport(body.data.type, body.data.data)
      : ({ ok: false, faults: [{ pointer: '', detail: 'must be a JSON object with type and data' }] } as const);
    if (!body.success || !read.ok) {
      deps.metrics.inputs.inc({ kind: 'report', outcome: 'malformed' });
      const title = 'The report can not be read';
      const errors = read.ok ? [] : read.faults;
      return answerProblem(c, { title, status: 422, errors });
    }
    const { time } = body.data;
    const told = typeof time === 'string' || typeof time === 'number' ? toOutsideInstant(time) : null;
    const isUnreadable = told === null && time !== undefined && time !== null;
    const notes = isUnreadable ? [...read.notes, unreadableTime('/time')] : read.notes;
    const at = told ?? deps.now(await databaseNow(deps.postgres.sql));
    if ((await trackReport({ report: read.report, notes, at }, deps)) === 'unknown') {
      return answerProblem(c, { title: 'No call has this room', status: 404 });
    }
    const fields = notes.map(({ pointer, outcome, detail }) => ({ pointer, outcome, detail }));
    return c.json({ accepted: true, ...(fields.length === 0 ? {} : { fields }) }, 202);
  });
  return app;
}
