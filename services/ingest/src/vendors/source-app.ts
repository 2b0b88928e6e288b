import { answerProblem } from '@leadline/service-kit/problem';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Connection, Connections } from './connections.ts';
import type { Quotas } from './quotas.ts';
import { receiveDelivery, type SentDelivery } from './receive-delivery.ts';
import type { Receiving } from '../intake/keep-delivery.ts';
import { readIdempotencyKey } from '../api/read-idempotency-key.ts';
import type { Reply, SourceAdapter } from '../sources/adapter.ts';
import type { AwaitLeads } from './named-leads.ts';
import { findAdapter } from '../sources/registry.ts';
import { toProblem, type StatusProblem } from '../api/to-problem.ts';

export type SourceDeps = Receiving & {
  awaitLeads: AwaitLeads;
  connections: Connections;
  quotas: Quotas;
  isStopping: () => boolean;
};

/** The public routes for vendors: `/v1/sources/{source}/{token}`. The token is a secret, so we never log this path. */
export function createSourceApp(deps: SourceDeps): Hono {
  const app = new Hono();
  app.get('/v1/sources/:source/:token', (c) => answerVendor(c, c.req.param(), deps));
  app.post('/v1/sources/:source/:token', (c) => answerVendor(c, c.req.param(), deps));
  // Browsers ask this before a page of another site may send JSON. It reveals nothing about tokens.
  app.options('/v1/sources/:source/:token', (c) => {
    if (findAdapter(c.req.param('source'))?.fromBrowsers !== true) return refuse(c, toProblem('not-found'));
    c.header('access-control-allow-origin', '*');
    c.header('access-control-allow-methods', 'POST');
    c.header('access-control-allow-headers', 'content-type, idempotency-key');
    return c.body(null, 204);
  });
  return app;
}

async function answerVendor(
  c: Context,
  { source, token }: { source: string; token: string },
  deps: SourceDeps,
): Promise<Response> {
  if (deps.isStopping()) c.header('connection', 'close');
  const adapter = findAdapter(source);
  const connection = adapter && (await deps.connections.find(adapter.source, token));
  if (adapter === undefined || connection === undefined || adapter.methods.length === 0)
    return refuse(c, toProblem('not-found'));
  const method = c.req.method === 'GET' ? 'GET' : 'POST';
  if (method === 'GET' && adapter.handshake !== undefined) {
    return shakeHands(c, adapter.handshake, [token, connection.secret ?? token]);
  }
  if (!adapter.methods.includes(method)) {
    c.header('allow', adapter.methods.join(', '));
    return refuse(c, toProblem('method-not-allowed'));
  }
  const quota = deps.quotas.take(connection.id, connection.requestsPerMinute);
  if (!quota.within) {
    deps.metrics.overQuota.inc({ source: adapter.source });
    if (adapter.comesAgain) {
      c.header('retry-after', String(quota.retryAfterSeconds));
      return refuse(c, toProblem('too-many-requests'));
    }
  }
  return withinLimit(c, connection.mostBodyBytes, (bytes) => take(c, { adapter, connection }, bytes, deps));
}

async function take(
  c: Context,
  { adapter, connection }: { adapter: SourceAdapter; connection: Connection },
  bytes: Uint8Array,
  deps: SourceDeps,
): Promise<Response> {
  const sent = toSent(c, bytes);
  if (adapter.isAuthentic?.(sent, connection.secret) === false) return refuse(c, toProblem('unproven'));
  const answer = await receiveDelivery(adapter, connection, sent, deps);
  if (answer.kind === 'unavailable') return refuse(c, toProblem('unavailable'));
  return say(c, adapter.reply(answer.taken));
}

function shakeHands(c: Context, handshake: NonNullable<SourceAdapter['handshake']>, mayBe: string[]): Response {
  const reply = handshake(queryOf(c), mayBe);
  return reply === undefined ? refuse(c, toProblem('forbidden')) : say(c, reply);
}

function say(c: Context, { status, contentType, body }: Reply): Response {
  return c.body(body, status, { 'content-type': contentType });
}

/** The query as the sender encoded it. */
function queryOf(c: Context): string {
  const at = c.req.url.indexOf('?');
  return at === -1 ? '' : c.req.url.slice(at + 1);
}

function toSent(c: Context, bytes: Uint8Array): SentDelivery {
  const contentType = c.req.header('content-type') ?? null;
  return {
    method: c.req.method === 'GET' ? 'GET' : 'POST',
    query: queryOf(c),
    contentType,
    text: toText(bytes, contentType),
    bytes,
    signature: c.req.header('x-hub-signature-256') ?? null,
    idempotencyKey: readIdempotencyKey(c.req.header('idempotency-key')) ?? null,
    receivedAt: new Date(),
  };
}

/** Decodes with the charset that the sender names, else as UTF-8. */
function toText(bytes: Uint8Array, contentType: string | null): string {
  const [, charset = 'utf-8'] = /charset="?([\w-]+)/i.exec(contentType ?? '') ?? [];
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

async function withinLimit(
  c: Context,
  maxBytes: number,
  work: (bytes: Uint8Array) => Promise<Response>,
): Promise<Response> {
  const tooLarge = (): Response =>
    refuse(c, toProblem('too-large', { detail: `At most ${maxBytes} bytes are taken.` }));
  let response: Response | undefined;
  const refused = await bodyLimit({ maxSize: maxBytes, onError: tooLarge })(c, async () => {
    response = await work(new Uint8Array(await c.req.arrayBuffer()));
  });
  return response ?? (refused instanceof Response ? refused : tooLarge());
}

function refuse(c: Context, problem: StatusProblem): Response {
  if (problem.status === 503) c.header('retry-after', '5');
  return answerProblem(c, problem);
}
