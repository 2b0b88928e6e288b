import { OpenAPIHono } from '@hono/zod-openapi';
import type { Database } from '@leadline/database/open-database';
import { answerProblem } from '@leadline/service-kit/problem';
import { traceRequests } from '@leadline/tracing/trace-requests';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { apiDocument } from './api/api-document.ts';
import { readIdempotencyKey } from './api/read-idempotency-key.ts';
import { readLeadStatus } from './api/read-lead-status.ts';
import { receiveBatch, receiveLead, type Refusal, type Sender } from './api/receive-lead.ts';
import type { Receiving } from './intake/keep-delivery.ts';
import { createSourceApp, type SourceDeps } from './vendors/source-app.ts';
import { toProblem } from './api/to-problem.ts';

/** Room for a message of 10 000 characters, each escaped. */
const maxBytes = 256 * 1024;
const maxBatchBytes = 8 * 1024 * 1024;

type Deps = Receiving &
  SourceDeps & { postgres: Database; findSource: (authorization: string | undefined) => string | undefined };

/** The routes of ingest. They read the body themselves, once, so that a body that can't be parsed is kept too. */
export function createApp(deps: Deps): OpenAPIHono {
  const app = new OpenAPIHono();
  const document = apiDocument();
  app.use('*', traceRequests());

  app.post('/v1/leads', (c) =>
    withBody(c, deps, maxBytes, async (text, sender) => {
      const answer = await receiveLead(text, sender, deps);
      if (!answer.accepted) return refuse(c, answer.problem);
      const { id, status } = answer;
      return c.json({ id, status }, 202, { location: `/v1/leads/${id}` });
    }),
  );
  app.post('/v1/leads/batch', (c) =>
    withBody(c, deps, maxBatchBytes, async (text, sender) => {
      const answer = await receiveBatch(text, sender, deps);
      return answer.accepted ? c.json(answer.result) : refuse(c, answer.problem);
    }),
  );
  app.get('/v1/leads/:id', async (c) => {
    const source = deps.findSource(c.req.header('authorization'));
    if (source === undefined) return refuse(c, toProblem('unauthorised'));
    const lead = await readLeadStatus(deps.postgres, c.req.param('id'), source);
    return lead === undefined ? refuse(c, toProblem('not-found')) : c.json(lead);
  });
  app.route('/', createSourceApp(deps));
  app.get('/openapi.json', (c) => c.json(document));
  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], ['/v1/leads', '/v1/leads/batch'], (c) => {
    c.header('allow', 'POST');
    return refuse(c, toProblem('method-not-allowed'));
  });

  app.notFound((c) => refuse(c, toProblem('not-found')));
  app.onError((error, c) => {
    deps.log.error({ err: error, path: c.req.routePath }, 'a request could not be served');
    return refuse(c, toProblem('unavailable'));
  });
  return app;
}

async function withBody(
  c: Context,
  deps: Deps,
  maxBodyBytes: number,
  work: (text: string, sender: Sender) => Promise<Response>,
): Promise<Response> {
  // While ingest stops, this ends kept-alive connections: the client's next request reaches another replica.
  if (deps.isStopping()) c.header('connection', 'close');
  const source = deps.findSource(c.req.header('authorization'));
  if (source === undefined) return refuse(c, toProblem('unauthorised'));
  const idempotencyKey = readIdempotencyKey(c.req.header('idempotency-key'));
  if (idempotencyKey === undefined) return refuse(c, toProblem('invalid-idempotency-key'));
  const sender = { source, idempotencyKey };

  const tooLarge = (): Response =>
    refuse(c, toProblem('too-large', { detail: `At most ${maxBodyBytes} bytes are taken.` }));
  const contentLength = c.req.header('content-length');
  if (contentLength !== undefined)
    return Number(contentLength) > maxBodyBytes ? tooLarge() : work(await c.req.text(), sender);
  // A chunked body has no length: count it while reading.
  let response: Response | undefined;
  const refused = await bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge })(c, async () => {
    response = await work(await c.req.text(), sender);
  });
  return response ?? (refused instanceof Response ? refused : tooLarge());
}

function refuse(c: Context, problem: Refusal['problem']): Response {
  if (problem.status === 401) c.header('www-authenticate', 'Bearer');
  if (problem.status === 503) c.header('retry-after', '5');
  return answerProblem(c, problem);
}
